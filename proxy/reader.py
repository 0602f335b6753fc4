"""YAML text, read event by event: plain data, the place of every value, and what is refused.

Scalars follow YAML 1.2, and more carefully: `NO`, `010`, `12:30`, `1e3` and dates stay the text
that was written. Duplicate keys, anchors, aliases and tags are refused. Used by `proxy.document`.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import yaml

from proxy.errors import DocumentError, Problem

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]
"""Line and column, from 1."""

_DEPTH_MAX = 32
_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_UNTAGGED = frozenset({None, "!"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")


class Reader:
    """Turns YAML events into plain data, noting places and problems on the way.

    No tree of nodes is built in between: of a large file it would be as large again, and freeing
    it would hold up every thread. Anchors, aliases and deep nesting end the reading at once.
    """

    def __init__(self, text: str, file: str) -> None:
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)

    def read(self) -> Any:
        """Return the data of the only document; None of an empty file.

        Raises:
            DocumentError: it is not YAML, or a bomb. What else is refused stands in `problems`.
        """
        try:
            return self._document()
        except yaml.MarkedYAMLError as exc:
            raise DocumentError((self._syntax_problem(exc),)) from exc
        except yaml.reader.ReaderError as exc:
            what = f"the file holds a character that YAML does not allow: {exc.reason}"
            raise DocumentError((Problem(self._file, 1, 1, what, "remove it"),)) from exc

    def _document(self) -> Any:
        next(self._events)  # the stream starts
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        data = self._value(next(self._events), ())
        next(self._events)  # the document ends
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._end(after, "a second document starts here (---)", "put it into a file of its own")
        return data

    def _value(self, event: yaml.Event, path: Path) -> Any:
        self._refuse_bombs(event, len(path))
        self.places[path] = _place(event)
        tag = getattr(event, "tag", None)
        if tag not in _UNTAGGED and tag not in _TAGS:
            self._refuse(event, f"the tag {tag} has no meaning here", "remove it")
            return self._skip(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            inner = zip(itertools.count(), self._inside(yaml.SequenceEndEvent), strict=False)
            return [self._value(one, (*path, number)) for number, one in inner]
        assert isinstance(event, yaml.ScalarEvent)
        return _scalar(event)

    def _mapping(self, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in self._inside(yaml.MappingEndEvent):
            self._refuse_bombs(event, len(path))
            key = str(getattr(event, "value", "<<"))
            if key == "<<":
                self._refuse(event, "a key has to be a plain word", "write `key: value`")
            elif key in mapping:
                self._refuse(event, f"'{key}' stands here twice", "keep one of them")
            else:
                mapping[key] = self._value(next(self._events), (*path, key))
                # A key's own place serves problems with the key; its value's, those with the value.
                self.places[*path, key, ""] = _place(event)
                continue
            self._skip(event)
            self._skip(next(self._events))
        return mapping

    def _inside(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """Give the first event of each value up to the *end* of the collection."""
        while not isinstance(event := next(self._events), end):
            yield event

    def _skip(self, event: yaml.Event) -> None:
        """Leave out what begins with *event*."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)

    def _refuse(self, event: yaml.Event, what: str, mend: str) -> None:
        self.problems.append(Problem(self._file, *_place(event), what, mend))

    def _refuse_bombs(self, event: yaml.Event, depth: int) -> None:
        if depth >= _DEPTH_MAX and isinstance(event, yaml.CollectionStartEvent):
            self._end(event, "this is nested too deeply", "flatten it")
        if getattr(event, "anchor", None):  # an alias has one too: the one that it repeats
            what = "anchors (&) and aliases (*) are not used here"
            self._end(event, what, "write the value out; quote text that starts with & or *")

    def _end(self, event: yaml.Event, what: str, mend: str) -> NoReturn:
        raise DocumentError((Problem(self._file, *_place(event), what, mend),))

    def _syntax_problem(self, exc: yaml.MarkedYAMLError) -> Problem:
        mark = exc.problem_mark or exc.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        mend = "check indentation, colons and quotes around here"
        rows = self._text.splitlines()[line - 1 : line]
        if any(row.lstrip(" ").startswith("\t") for row in rows):
            mend = "indent with spaces, not tabs"
        what = f"this is not YAML: {exc.problem or exc.context}"
        return Problem(self._file, line, column, what, mend)


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.style:  # quoted, or a block: text is what was meant
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


def _place(event: yaml.Event) -> Place:
    assert event.start_mark is not None
    return event.start_mark.line + 1, event.start_mark.column + 1
