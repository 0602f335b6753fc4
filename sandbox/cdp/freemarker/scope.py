"""What a template sees while it is rendered, and expressions as they are evaluated in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.cdp.freemarker.values import MissingError, Value


class Scope:
    """The names a template sees: of loops and lambdas, then assigned ones, then the data model."""

    def __init__(self, model: Mapping[str, Value], now: datetime) -> None:
        self._model = model
        self._local: Mapping[str, Value] = {}
        self.assigned: dict[str, Value] = {}
        self.now = now

    def find(self, name: str) -> Value:
        """Return what *name* stands for, None if nothing."""
        for names in (self._local, self.assigned):
            if name in names:
                return names[name]
        return self._model.get(name)

    def bound(self, names: Mapping[str, Value]) -> "Scope":
        """Return a scope within this one in which *names* stand for their values."""
        scope = Scope(self._model, self.now)
        scope.assigned = self.assigned
        scope._local = {**self._local, **names}
        return scope


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; *find* gives its value, None if that is missing.

    *parenthesized* ones let `!` and `??` forgive a missing value anywhere inside.
    """

    source: str
    find: Callable[[Scope], Value]
    parenthesized: bool = False

    def value(self, scope: Scope) -> Value:
        """Return the value; raises MissingError if there is none."""
        value = self.find(scope)
        if value is None:
            raise MissingError(self.source)
        return value

    def forgiven(self, scope: Scope) -> Value:
        """Return the value, or None where `!` and `??` forgive that it is missing."""
        try:
            return self.find(scope)
        except MissingError:
            if self.parenthesized:
                return None
            raise
