"""A YAML file as people mean it: plain data, the place of every value, and all problems at once.

Scalars follow YAML 1.2, and more carefully: `NO`, `010`, `12:30`, `1e3` and dates stay the text
that was written. Duplicate keys, aliases, tags and huge files are refused. Used for `config.yaml`
and `rules/*.yaml`; it knows nothing of what they mean.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from proxy.errors import DocumentError, Problem

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 4 * 1024 * 1024
_DEPTH_MAX = 32
_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")
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
    places: Mapping[Path, tuple[int, int]]
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
    try:
        _refuse_bombs(text, file)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as exc:
        raise DocumentError((_syntax_problem(exc, text, file),)) from exc
    except yaml.reader.ReaderError as exc:
        what = f"the file holds a character that YAML does not allow: {exc.reason}"
        raise DocumentError((Problem(file, 1, 1, what, "remove it"),)) from exc
    reader = _Reader(file)
    data = reader.read(node, ()) if node is not None else None
    if reader.problems:
        raise DocumentError(tuple(reader.problems))
    return Document(file, data, reader.places)


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


class _Reader:
    """Turns YAML nodes into plain data, noting places and problems on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.places[path] = _place(node)
        if node.tag not in _TAGS:
            return self._refuse(node, f"the tag {node.tag} has no meaning here", "remove it")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, yaml.ScalarNode) or key == "<<":
                self._refuse(key_node, "a key has to be a plain word", "write `key: value`")
            elif key in mapping:
                self._refuse(key_node, f"'{key}' stands here twice", "keep one of them")
            else:
                mapping[key] = self.read(value_node, (*path, key))
                # A key's own place serves problems with the key; its value's, those with the value.
                self.places[(*path, key, "")] = _place(key_node)
        return mapping

    def _refuse(self, node: yaml.Node, what: str, mend: str) -> None:
        self.problems.append(Problem(self.file, *_place(node), what, mend))


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style:  # quoted, or a block: text is what was meant
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text)


def _number(text: str) -> int | float | str:
    """Return a number only where it would be written just so: `010`, `1e3`, `5.0` stay text."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text) and str(float(text)) == text:
        return float(text)
    return text


def _refuse_bombs(text: str, file: str) -> None:
    """Refuse deep nesting, anchors and aliases before anything is built: no bomb ever unfolds.

    The C reader builds nested nodes on its own stack, and takes the process down with it.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            _refuse_event(event, file, "this is nested too deeply", "flatten it")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "anchors (&) and aliases (*) are not used here"
            mend = "write the value out; quote text that starts with & or *"
            _refuse_event(event, file, what, mend)


def _refuse_event(event: yaml.Event, file: str, what: str, mend: str) -> NoReturn:
    raise DocumentError((Problem(file, *_place(event), what, mend),))


def _syntax_problem(exc: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = exc.problem_mark or exc.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = f"this is not YAML: {exc.problem or exc.context}"
    mend = "check indentation, colons and quotes around here"
    if any(row.lstrip(" ").startswith("\t") for row in text.splitlines()[line - 1 : line]):
        mend = "indent with spaces, not tabs"
    elif "expected a single document" in str(exc.context):
        what, mend = "a second document starts here (---)", "put it into a file of its own"
    return Problem(file, line, column, what, mend)


def _place(node: yaml.Node | yaml.Event) -> tuple[int, int]:
    assert node.start_mark is not None
    return node.start_mark.line + 1, node.start_mark.column + 1


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
    name = str(error["loc"][-1])
    match error["type"]:
        case "extra_forbidden":
            known = _keys(model, error["loc"][:-1])
            return document.problem((*path, ""), f"unknown key '{name}'", nearest(name, known))
        case "missing":
            return document.problem(path, f"'{name}' is missing", "add it")
        case _:
            context = error.get("ctx", {})
            return document.problem(path, str(context["what"]), str(context["mend"]))


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
