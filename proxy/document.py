"""A YAML file as people mean it: plain data, the place of every value, and all problems at once.

Used for `config.yaml` and `rules/*.yaml`; it knows nothing of what they mean.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from proxy import reader
from proxy.errors import DocumentError, Problem
from proxy.reader import Place, Reader

Path: TypeAlias = reader.Path
M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 4 * 1024 * 1024
_REFUSAL = "mend"
_TELLING = frozenset({"extra_forbidden", "missing", _REFUSAL})
_MAPPINGS = frozenset({"dict_type", "model_type"})
_KEY = "[key]"
_BOOLEAN_LOOKALIKES = frozenset({"yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file, and where each path of it stands (line and column from 1).

    *sources* names what else than the file gave the value of a path, an environment variable say.
    """

    file: str
    data: Any  # what YAML can say: narrowed by `validate`
    places: dict[Path, Place]
    sources: Mapping[Path, str] = field(default_factory=dict)

    def problem(self, path: Path, what: str, mend: str) -> Problem:
        """Return a problem at *path*, or at its nearest parent that the file really holds."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.sources:
                return Problem(self.sources[path[:end]], 0, 0, what, mend)
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return Problem(self.file, line, column, what, mend)


def parse(text: str, file: str) -> Document:
    """Read YAML *text*.

    Raises:
        DocumentError: it is not YAML, or uses what this reader refuses.
    """
    if len(text.encode()) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise DocumentError((Problem(file, 1, 1, what, "split it"),))
    written = Reader(text, file)
    data = written.read()
    if written.problems:
        raise DocumentError(tuple(written.problems))
    return Document(file, data, written.places)


def validate(document: Document, model: type[M]) -> M:
    """Return the document as *model*.

    Raises:
        DocumentError: with every problem that pydantic found, each at its place in the file.
    """
    if document.data is None:
        raise DocumentError((document.problem((), "the file is empty", "see docs/rules.md"),))
    try:
        return model.model_validate(document.data)
    except ValidationError as exc:
        found = _problems(document, model, exc.errors(include_url=False))
        raise DocumentError(tuple(sorted(found, key=lambda p: (p.line, p.column)))) from exc


def refusal(what: str, mend: str) -> PydanticCustomError:
    """Return what a validator raises so that its own words become the problem."""
    return PydanticCustomError(_REFUSAL, "{what}; {mend}", {"what": what, "mend": mend})


def nearest(word: str, known: list[str]) -> str:
    """Return how to mend an unknown *word*: the nearest known one, or all of them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not close:
        folded = {name.casefold(): name for name in known}
        close = [folded[word.casefold()]] if word.casefold() in folded else []
    return f"did you mean '{close[0]}'?" if close else f"known are: {', '.join(sorted(known))}"


def _problems(
    document: Document, model: type[BaseModel], errors: list[ErrorDetails]
) -> Iterator[Problem]:
    """Give a problem per error; for a value that may take several forms the telling ones, or one.

    pydantic reports every form that it tried, and names it in the location.
    """
    told: set[Path] = set()
    for error in sorted(errors, key=lambda error: error["type"] not in _TELLING):
        path = _into(document.data, error["loc"])
        if error["type"] in _TELLING:
            told.update(path[:end] for end in range(len(path) + 1))
            yield _telling(document, model, error, path)
        elif path == error["loc"] or path not in told:
            told.add(path)
            yield _problem(document, error, path)


def _into(data: Any, loc: Path) -> Path:
    """Return *loc* without what is not in the data: missing keys, and names of forms."""
    path: Path = ()
    for part in loc:
        is_key = isinstance(data, dict) and part in data
        is_index = isinstance(data, list) and part in range(len(data))
        if is_key or is_index:
            data = data[part]
            path += (part,)
    return path


def _telling(
    document: Document, model: type[BaseModel], error: ErrorDetails, path: Path
) -> Problem:
    name = str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            known = _keys(model, error["loc"][:-1])
            return document.problem((*path, ""), f"unknown key '{name}'", nearest(name, known))
        case "missing":
            return document.problem(path, f"'{name}' is missing", "add it")
        case _:
            context = error.get("ctx", {})
            at = (*path, "") if name == _KEY else path
            return document.problem(at, str(context["what"]), str(context["mend"]))


def _problem(document: Document, error: ErrorDetails, path: Path) -> Problem:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the file")
    if path != error["loc"] and error["loc"][-1] != _KEY:
        mend = _seen(error["input"]) or "see docs/rules.md"
        return document.problem(path, f"'{name}' cannot be this", mend)
    if error["type"] in _MAPPINGS:
        return document.problem(path, f"'{name}' is not a mapping", "write `key: value` in it")
    what = f"'{name}': {error['msg'][:1].lower()}{error['msg'][1:]}"
    at = path if path == error["loc"] else (*path, "")
    return document.problem(at, what, _seen(error["input"]))


def _seen(value: object) -> str:
    if isinstance(value, str) and value.lower() in _BOOLEAN_LOOKALIKES:
        return "write true or false"
    if value is None:
        return "here stands nothing"
    return f"here stands {value!r}" if isinstance(value, str | int | float) else ""


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that the model at *path* (below *model*) knows."""
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        inner = _model_in(field.annotation) if field else None
        if inner is not None:
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, list, tuple, dict):
        found = (_model_in(argument) for argument in get_args(annotation))
        return next((model for model in found if model), None)
    return None
