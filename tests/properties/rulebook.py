"""Rules files made at random, shoppers to go with them, and a reading of the rules that is naive.

The reference reads the YAML as a person would, rule by rule; it shares no code with the product.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

SEGMENTS = ("vip", "loyal", "new")
GROUPS = ("b2b", "early")
BUYERS = ("acme", "globex")
DEVICES = ("app", "web", "apple")
TIERS = (1, 4, 9, "gold", "goldfish")
_PATHS = ("tier", "offer.kind")

When = dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """A shopper, a decision and a request; None is not known."""

    output: dict[str, Any]
    anonymous: bool
    buyer: str | None
    groups: tuple[str, ...] | None
    request: dict[str, str] = field(default_factory=dict)


def make_file(random: Random, name: str = "slot") -> dict[str, Any]:
    """Return a valid rules file."""
    count = random.randint(1, 7)
    return {
        "placement": name,
        "resource": "me/products",
        "decision": {"flow": name.replace("-", "_"), "segment": "persona", "cache": "none"},
        "rules": [_make_rule(random, number) for number in range(count)],
        "default": {"query": {"xp.color": "default"}},
    }


def make_visit(random: Random) -> Visit:
    """Return somebody for whom some of the rules may be."""
    output: dict[str, Any] = {}
    if random.random() < 0.8:
        output["persona"] = random.choice([*SEGMENTS, list(SEGMENTS[:2]), "other"])
    if random.random() < 0.6:
        output["tier"] = random.choice([*TIERS, [1, "gold"], ""])
    if random.random() < 0.5:
        output["offer"] = {"kind": random.choice(TIERS)}
    if random.random() < 0.5:
        output["ids"] = random.choice([["p1", "p2"], [], "p3"])
    return Visit(
        output,
        anonymous=random.random() < 0.5,
        buyer=random.choice([*BUYERS, None]),
        groups=random.choice([(), GROUPS[:1], GROUPS, None]),
        request={"device": random.choice(DEVICES)} if random.random() < 0.5 else {},
    )


def rule_for(file: dict[str, Any], visit: Visit) -> str:
    """Return the name of the first rule that applies, read naively; else `default`."""
    return next((rule["name"] for rule in file["rules"] if _applies(rule, visit)), "default")


def written(file: dict[str, Any]) -> str:
    """Write a file: JSON is YAML."""
    return json.dumps(file)


def _make_rule(random: Random, number: int) -> dict[str, Any]:
    queries = [{"xp.color": f"c{number}"}] * 3 + [{"ID": {"from": "ids"}}]
    return {
        "name": f"r{number}",
        "when": _make_when(random, 2),
        "query": random.choice(queries),
    }


def _make_when(random: Random, depth: int) -> When:
    makers: dict[str, Callable[[], Any]] = {
        "segment": lambda: random.sample(SEGMENTS, random.randint(1, 2)),
        "has": lambda: random.choice(["ids", "offer.kind", "tier"]),
        "output": lambda: {random.choice(_PATHS): _make_form(random, TIERS)},
        "request": lambda: {"device": _make_form(random, DEVICES)},
        "anonymous": lambda: random.random() < 0.5,
        "buyer": lambda: random.sample(BUYERS, 1),
        "group": lambda: random.sample(GROUPS, random.randint(1, 2)),
    }
    if depth:
        makers["all"] = makers["any"] = lambda: [_make_when(random, depth - 1) for _ in "ab"]
        makers["not"] = lambda: _make_when(random, depth - 1)
    keys = random.sample(sorted(makers), random.choice([1, 1, 2]))
    return {key: makers[key]() for key in keys}


def _make_form(random: Random, values: tuple[Any, ...]) -> Any:
    value, other = random.choice(values), random.choice(values)
    forms = [
        value,
        [value, other],
        {"not": value},
        {random.choice(["gt", "gte", "lt", "lte"]): random.choice([3, 4, "gold"])},
        {"between": [2, 6]},
        {"like": random.choice(["gold*", "*p*", "app*"])},
        {"missing": random.random() < 0.5},
    ]
    return random.choice(forms)


def _applies(rule: dict[str, Any], visit: Visit) -> bool:
    asked = json.dumps(rule["when"])
    if ('"buyer"' in asked and visit.buyer is None) or (
        '"group"' in asked and visit.groups is None
    ):
        return False
    takes_ids = "ID" in rule["query"]
    return _holds(rule["when"], visit) and (not takes_ids or bool(visit.output.get("ids")))


def _holds(when: When, visit: Visit) -> bool:
    return all(_key_holds(key, wanted, visit) for key, wanted in when.items())


def _key_holds(key: str, wanted: Any, visit: Visit) -> bool:
    output = visit.output
    readings: dict[str, Callable[[], bool]] = {
        "segment": lambda: bool({*wanted} & {*_several(output.get("persona"))}),
        "has": lambda: _find(output, wanted) not in (None, "", [], {}),
        "output": lambda: all(_form_holds(f, _find(output, at)) for at, f in wanted.items()),
        "request": lambda: all(_form_holds(f, visit.request.get(n)) for n, f in wanted.items()),
        "anonymous": lambda: visit.anonymous is wanted,
        "buyer": lambda: visit.buyer in wanted,
        "group": lambda: bool({*wanted} & {*(visit.groups or ())}),
        "all": lambda: all(_holds(one, visit) for one in wanted),
        "any": lambda: any(_holds(one, visit) for one in wanted),
        "not": lambda: not _holds(wanted, visit),
    }
    return readings[key]()


def _form_holds(form: Any, found: Any) -> bool:
    values = [str(value) for value in _several(found) if value not in (None, "")]
    if not isinstance(form, dict):
        return any(value in map(str, _several(form)) for value in values)
    ((condition, operand),) = form.items()
    match condition:
        case "not":
            return str(operand) not in values
        case "missing":
            return (not values) is operand
        case "like":
            return any(_is_like(value, operand) for value in values)
        case "between":
            low, high = operand
            return any(_compares(v, "gte", low) for v in values) and any(
                _compares(v, "lte", high) for v in values
            )
        case _:
            return any(_compares(value, condition, operand) for value in values)


def _compares(value: str, how: str, bound: Any) -> bool:
    left: Any = int(value) if value.isdigit() else value
    if isinstance(left, int) is not isinstance(bound, int):
        return False
    return bool(
        {"gt": left > bound, "gte": left >= bound, "lt": left < bound, "lte": left <= bound}[how]
    )


def _is_like(value: str, pattern: str) -> bool:
    first, *middle, last = pattern.split("*")
    inside = value.removeprefix(first)
    return value.startswith(first) and value.endswith(last) and all(m in inside for m in middle)


def _find(output: Any, path: str) -> Any:
    for step in path.split("."):
        output = output.get(step) if isinstance(output, dict) else None
    return output


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
