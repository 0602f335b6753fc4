"""OrderCloud's list rules written down a second time: slow, plain, sharing no code with the engine.

It takes the query as the shopper sent it and looks at one entity after the other.
"""

import math
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cmp_to_key
from typing import Any

Item = Mapping[str, Any]
Query = Sequence[tuple[str, str]]

_COMPARES = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_NOT_FILTERS = {"search", "searchOn", "searchType", "sortBy", "page", "pageSize"}


def reference_list(
    query: Query,
    items: Sequence[Item],
    *,
    dates: frozenset[str] = frozenset(),
    search_on: Sequence[str] = (),
    default_sort: Sequence[str] = (),
    premium: bool = True,
) -> dict[str, Any]:
    """Return what a list must answer, for legal queries over fields that *items* have."""
    given = {name: value for name, value in query if name in _NOT_FILTERS}
    filters = [(name, value) for name, value in query if name not in _NOT_FILTERS]
    kept = [
        item
        for item in items
        if all(_holds(item, n, v, dates, premium=premium) for n, v in filters)
    ]
    kept = _sorted(kept, [*_csv(given.get("sortBy", "")), *default_sort], dates, premium=premium)
    if given.get("search"):
        fields = _csv(given.get("searchOn", "")) or search_on
        find = _found_words if premium else _found_text
        kept = [item for item in kept if find(item, given, fields)]
        if premium and not given.get("sortBy"):
            kept.sort(key=lambda item: -_relevance(item, given, fields, items))
    return _paged(kept, int(given.get("page", 1)), int(given.get("pageSize", 20)))


def _paged(kept: Sequence[Item], page: int, size: int) -> dict[str, Any]:
    items = kept[(page - 1) * size : page * size]
    first = (page - 1) * size + 1
    meta = {
        "Page": page,
        "PageSize": size,
        "TotalCount": len(kept),
        "TotalPages": math.ceil(len(kept) / size),
        "ItemRange": [first, first + len(items) - 1],
        "NextPageKey": None,
    }
    return {"Meta": meta, "Items": list(items)}


def _csv(text: str) -> list[str]:
    return text.split(",") if text else []


def _values(thing: Any, path: str) -> list[Any]:
    """Return the scalars at a dotted path; arrays stand for each of their elements."""
    if isinstance(thing, list):
        return [value for element in thing for value in _values(element, path)]
    if thing is None:
        return []
    if not path:
        return [thing]
    if not isinstance(thing, dict):
        return []
    head, _, rest = path.partition(".")
    if head == "*":
        return [value for child in thing.values() for value in _leaves(child)]
    return _values(thing.get(head), rest)


def _leaves(thing: Any) -> list[Any]:
    return _values(thing, "*") if isinstance(thing, dict) else _values(thing, "")


def _holds(item: Item, name: str, value: str, dates: frozenset[str], *, premium: bool) -> bool:
    fields = name.split("|") if premium else [name]
    return any(
        _satisfies(_values(item, field), term, is_date=field in dates)
        for field in fields
        for term in _split(value)
    )


def _split(value: str) -> Iterator[str]:
    term = ""
    characters = iter(value)
    for character in characters:
        if character == "|":
            yield term
            term = ""
        else:
            term += character
            if character == "\\":
                term += next(characters, "")
    yield term


def _satisfies(values: list[Any], term: str, *, is_date: bool) -> bool:
    negated = False
    while term.startswith("!"):
        negated, term = not negated, term[1:]
    for sign in (">=", "<=", ">", "<"):
        if term.startswith(sign):
            text = _plain(term[len(sign) :])
            compares = _COMPARES[_OPPOSITE[sign] if negated else sign]
            pairs = (_comparable(value, text, is_date=is_date) for value in values)
            return any(pair and compares(*pair) for pair in pairs)
    term = term.removeprefix("=")
    return negated != any(_equals(value, term, is_date=is_date) for value in values)


def _comparable(value: Any, text: str, *, is_date: bool) -> tuple[Any, Any] | None:
    if is_date:
        return _moment(value), _moment(text)
    if isinstance(value, bool):
        return (value, text.lower() == "true") if text.lower() in {"true", "false"} else None
    if isinstance(value, int | float):
        return (value, float(text)) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    return (value.casefold(), text.casefold()) if isinstance(value, str) else None


def _equals(value: Any, term: str, *, is_date: bool) -> bool:
    pattern, wild = _pattern(term)
    if wild and re.fullmatch(r"\**", term):
        return True
    if wild:
        return isinstance(value, str) and bool(re.fullmatch(pattern, value.casefold(), re.DOTALL))
    pair = _comparable(value, _plain(term), is_date=is_date)
    return pair is not None and pair[0] == pair[1]


def _pattern(term: str) -> tuple[str, bool]:
    pattern, wild = "", False
    characters = iter(term)
    for character in characters:
        if character == "*":
            pattern, wild = pattern + ".*", True
        elif character == "\\":
            pattern += re.escape(next(characters, "\\").casefold())
        else:
            pattern += re.escape(character.casefold())
    return pattern, wild


def _plain(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term, flags=re.DOTALL)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sorted(
    items: Sequence[Item], names: Sequence[str], dates: frozenset[str], *, premium: bool
) -> list[Item]:
    def compare(one: Item, other: Item) -> int:
        for name in names:
            order = _compare(
                _leading(one, name, dates),
                _leading(other, name, dates),
                descending=name.startswith("!"),
                missing_last=premium or name.startswith("!"),
            )
            if order:
                return order
        return 0

    return sorted(items, key=cmp_to_key(compare))


def _compare(
    one: tuple[int, Any] | None,
    other: tuple[int, Any] | None,
    *,
    descending: bool,
    missing_last: bool,
) -> int:
    if one is None or other is None:
        order = (one is None) - (other is None)
        return order if missing_last else -order
    order = (one > other) - (one < other)
    return -order if descending else order


def _leading(item: Item, name: str, dates: frozenset[str]) -> tuple[int, Any] | None:
    """Return the value that decides: the least, or when descending the greatest."""
    path = name.removeprefix("!")
    values = [_order(value, is_date=path in dates) for value in _values(item, path)]
    if not values:
        return None
    return max(values) if name.startswith("!") else min(values)


def _order(value: Any, *, is_date: bool) -> tuple[int, Any]:
    """Numbers before strings before truth values before objects."""
    if is_date:
        return 0, _moment(value)
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, str):
        return 1, value.casefold()
    return (3, "") if isinstance(value, dict) else (0, value)


def _found_text(item: Item, given: Mapping[str, str], fields: Sequence[str]) -> bool:
    wanted = given["search"].casefold()
    texts = [value for field in fields for value in _values(item, field) if isinstance(value, str)]
    return any(wanted in text.casefold() for text in texts)


def _words(text: str) -> list[str]:
    """Return folded words; the tests search for words that stand for themselves."""
    return re.findall(r"\w+", text.casefold())


def _texts(item: Item, field: str) -> list[list[str]]:
    return [_words(value) for value in _values(item, field) if isinstance(value, str)]


def _has(item: Item, field: str, word: str, *, prefix: bool = False) -> bool:
    words = [each for text in _texts(item, field) for each in text]
    return any(each.startswith(word) for each in words) if prefix else word in words


def _found_words(item: Item, given: Mapping[str, str], fields: Sequence[str]) -> bool:
    wanted = _words(given["search"])
    match given.get("searchType", "AnyTerm"):
        case "AnyTerm":
            return any(_has(item, field, word) for field in fields for word in wanted)
        case "AllTermsAnyField":
            return all(any(_has(item, field, word) for field in fields) for word in wanted)
        case "AllTermsSameField":
            return any(all(_has(item, field, word) for word in wanted) for field in fields)
        case kind:
            texts = [text for field in fields for text in _texts(item, field)]
            return any(_has_phrase(text, wanted, prefix=kind.endswith("Prefix")) for text in texts)


def _has_phrase(text: list[str], wanted: list[str], *, prefix: bool) -> bool:
    padded = " " + " ".join(text) + " "
    phrase = " " + " ".join(wanted) + ("" if prefix else " ")
    return phrase in padded


def _relevance(
    item: Item, given: Mapping[str, str], fields: Sequence[str], items: Sequence[Item]
) -> float:
    total = 0.0
    wanted = _words(given["search"])
    for number, word in enumerate(wanted, 1):
        prefix = given.get("searchType") == "ExactPhrasePrefix" and number == len(wanted)
        for weight, field in enumerate(fields, 1):
            holders = sum(_has(each, field, word, prefix=prefix) for each in items)
            if _has(item, field, word, prefix=prefix):
                total += math.log(1 + len(items) / holders) / weight
    return total
