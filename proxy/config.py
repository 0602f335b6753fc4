"""`config.yaml` and the environment, as one checked, frozen `Config`.

Every key can also be set as `DECISION_PROXY__SECTION__KEY`, which wins over the file; a list is
written with commas, a mapping as `name=value` with commas. Secrets come only from the environment,
or from the file that `…__KEY_FILE` names. All problems are reported at once.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, SecretStr, model_validator

from proxy import document
from proxy.errors import DocumentError, Problem
from proxy.sections import (
    Admin,
    Cache,
    Cdp,
    Check,
    Consent,
    Events,
    Log,
    OrderCloud,
    Redis,
    Rules,
    Section,
    Server,
    Tenant,
)

_PREFIX = "DECISION_PROXY__"


class Config(Section):
    """Everything that operations decide."""

    server: Server = Server()
    admin: Admin = Admin()
    ordercloud: OrderCloud
    cdp: Cdp
    tenant: Tenant = Tenant()
    check: Check = Check()
    rules: Rules = Rules()
    cache: Cache = Cache()
    events: Events = Events()
    consent: Consent = Consent()
    redis: Redis = Redis()
    log: Log = Log()

    @model_validator(mode="after")
    def _check_redis(self) -> Self:
        in_redis = {"the outbox": self.events.outbox, "edits of rules": self.rules.edits}
        for what, where in in_redis.items():
            if where == "redis" and not self.redis.nodes:
                fault = f"{what} would be in Redis, but `redis.nodes` names none"
                raise document.refusal(fault, "name its host and port there")
        return self

    def shown(self) -> dict[str, Any]:
        """Return the effective settings, secrets masked."""
        return self.model_dump(mode="json")


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """Read *path* (or nothing) and the environment on top of it.

    Raises:
        DocumentError: with every problem of file and environment.
    """
    environ = os.environ if environ is None else environ
    text = _text(path, named_by="--config") if path else "{}"
    file = document.parse(text, str(path or "environment"))
    problems = _secrets_in(file)
    overrides, strange = _overrides(environ)
    problems += strange
    if problems:
        raise DocumentError(tuple(problems))
    settings = _merged(file.data, overrides)
    sources: dict[document.Path, str] = {
        path: variable for path, (variable, _) in overrides.items()
    }
    loaded = document.validate(replace(file, data=settings, sources=sources), Config)
    return _beside(loaded, path.parent, overrides) if path else loaded


def _beside(loaded: Config, folder: Path, overrides: Collection[tuple[str, str]]) -> Config:
    """Read what the file names as standing beside the file, wherever we run."""
    rules, events, cache = loaded.rules, loaded.events, loaded.cache
    if ("rules", "folder") not in overrides:
        rules = rules.model_copy(update={"folder": folder / rules.folder})
    if isinstance(events.outbox, Path) and ("events", "outbox") not in overrides:
        events = events.model_copy(update={"outbox": folder / events.outbox})
    if cache.snapshot is not None and ("cache", "snapshot") not in overrides:
        cache = cache.model_copy(update={"snapshot": folder / cache.snapshot})
    return loaded.model_copy(update={"rules": rules, "events": events, "cache": cache})


def _text(path: Path, *, named_by: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        what, mend = f"cannot be read: {exc}", f"name a file with {named_by}"
        raise DocumentError((Problem(str(path), 0, 0, what, mend),)) from exc


def _secrets_in(file: document.Document) -> list[Problem]:
    """Return a problem for each secret that stands in the file."""
    data = file.data if isinstance(file.data, dict) else {}
    return [
        file.problem(
            (section, key),
            f"'{key}' is a secret and does not belong in this file",
            f"set {variable}, or {variable}_FILE to the name of a file that holds it",
        )
        for variable, (section, key) in _variables(secret=True).items()
        if isinstance(data.get(section), dict) and key in data[section]
    ]


def _overrides(
    environ: Mapping[str, str],
) -> tuple[dict[tuple[str, str], tuple[str, str]], list[Problem]]:
    """Return section and key → variable and value; unknown variables become problems."""
    known = _variables()
    overrides = {}
    problems = []
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        value = environ[variable]
        if variable in known:
            overrides[known[variable]] = variable, value
        elif (of := variable.removesuffix("_FILE")) in known:
            overrides[known[of]] = variable, _text(Path(value), named_by=variable).strip()
        else:
            mend = document.nearest(variable, list(known))
            problems.append(Problem(variable, 0, 0, "there is no such setting", mend))
    return overrides, problems


def _merged(data: Any, overrides: Mapping[tuple[str, str], tuple[str, str]]) -> Any:
    """Return *data* with the overrides in it; what is no mapping is left to be refused."""
    if data is not None and not isinstance(data, dict):
        return data
    settings = {name: section for name, section in (data or {}).items() if section is not None}
    for (section, key), (_, value) in overrides.items():
        before = settings.get(section, {})
        if isinstance(before, dict):
            settings[section] = {**before, key: value}
    return settings


def _variables(*, secret: bool | None = None) -> dict[str, tuple[str, str]]:
    """Return the environment variables (all, or by being *secret*) with their section and key."""
    return {
        f"{_PREFIX}{section.upper()}__{key.upper()}": (section, key)
        for section, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key, inner in field.annotation.model_fields.items()
        if secret is None or secret == (SecretStr in get_args(inner.annotation))
    }
