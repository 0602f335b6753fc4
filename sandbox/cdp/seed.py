"""Reads a tenant's definitions from its folder of YAML files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sandbox.cdp.definitions.base import Definition
from sandbox.cdp.definitions.connection import Connection
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.definitions.model import Model
from sandbox.cdp.definitions.tenant import Settings

_SHIPPED = Path(__file__).parent / "data"
_D = TypeVar("_D", bound=Definition)


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything that is defined in a tenant before its first request."""

    settings: Settings
    flows: tuple[Flow, ...]
    models: tuple[Model, ...]
    connections: tuple[Connection, ...]


def load_seed(overlay: Path | None = None) -> Seed:
    """Read the shipped folder, with *overlay* laid over it file by file.

    Raises ValueError for a file that does not fit its definition, naming it.
    """
    files = _files(_SHIPPED) | (_files(overlay) if overlay else {})
    return Seed(
        settings=_load(Settings, files["tenant.yaml"]),
        flows=_load_all(Flow, files, "flows/"),
        models=_load_all(Model, files, "models/"),
        connections=_load_all(Connection, files, "connections/"),
    )


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}


def _load_all(kind: type[_D], files: dict[str, Path], folder: str) -> tuple[_D, ...]:
    return tuple(_load(kind, file) for name, file in files.items() if name.startswith(folder))


def _load(kind: type[_D], file: Path) -> _D:
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return kind.model_validate(content)
    except (yaml.YAMLError, ValueError) as exc:
        raise ValueError(f"{file}: {exc}") from exc
