"""Finds the operation of a request's verb and path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.ordercloud import spec
from sandbox.ordercloud.call import Endpoint


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb on one path. *roles*: any of them will do, none means any valid token."""

    verb: str
    path: str
    endpoint: Endpoint
    roles: tuple[str, ...]
    status: int


class Match(NamedTuple):
    """An operation, and what stands in the places of its path."""

    operation: Operation
    ids: dict[str, str]


@dataclass
class _Node:
    """One step of a path: words below it by their lower case, and one place for any ID."""

    words: dict[str, "_Node"] = field(default_factory=dict)
    place: "tuple[str, _Node] | None" = None
    operations: dict[str, Operation] = field(default_factory=dict)


class Router:
    """A tree of path steps. Words, which compare without regard to case, go before IDs."""

    def __init__(self, routes: Mapping[str, Endpoint]) -> None:
        self._root = _Node()
        for route, endpoint in routes.items():
            verb, _, path = route.partition(" ")
            node = self._root
            for step in path[1:].split("/"):
                node = _below(node, step)
            node.operations[verb] = _operation(verb, path, endpoint)

    def find(self, verb: str, path: str) -> Match | None:
        """Return the operation at a path without `/v1`, or None."""
        node, ids = self._root, dict[str, str]()
        for step in path.strip("/").split("/"):
            word = node.words.get(step.lower())
            if word is not None:
                node = word
            elif node.place is not None:
                name, node = node.place
                ids[name] = step
            else:
                return None
        operation = node.operations.get(verb)
        return Match(operation, ids) if operation else None


def _below(node: _Node, step: str) -> _Node:
    if not step.startswith("{"):
        return node.words.setdefault(step.lower(), _Node())
    if node.place is None:
        node.place = step.strip("{}"), _Node()
    return node.place[1]


def _operation(verb: str, path: str, endpoint: Endpoint) -> Operation:
    responses = spec.document()["paths"][path][verb.lower()]["responses"]
    roles = tuple(sorted(spec.roles(verb.lower(), path)))
    return Operation(verb, path, endpoint, roles, status=int(next(iter(responses))))
