"""Whatever a rule or a decision holds, OrderCloud reads exactly that value, and nothing more."""

import re
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.core.choose import choose, trace
from proxy.core.explain import explain
from proxy.core.placement import Placement
from proxy.core.query import PAGE_SIZE_MAX, as_text, targets
from proxy.core.rules import load
from proxy.model import Asked, Composition, Decision, Facts, Freshness, Json, ListQuery, Reason
from sandbox.ordercloud.listing import Kind, Resource, parse, run
from tests.core.making import NOON, decided
from tests.properties.reference import Alternative, read_target, read_value

HOSTILE = [
    "&x=1", "a&ID=p9", "|", "a|b", "\\", "a\\", "\\|", "#", "#top", "?", "../", "/../admin", "%2e",
    "%00", "\x00", "\r\nHost: evil", "\n", "!x", "!*", "!!", "*", "a*b", ">5", ">=5", "<=", "=",
    "==x", "+", " ", "a b", ";", "'", '"', "é", "😀", "\u202e", "\ufeff", "true", "NO", "0", "{}",
]  # fmt: skip

hostile = st.sampled_from(HOSTILE)
pieces = st.lists(hostile | st.text(max_size=4), min_size=1, max_size=4).map("".join)
texts = (hostile | pieces | st.text(min_size=1, max_size=20)).filter(bool)
scalars = texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
plain_scalars = texts | st.integers() | st.booleans()
values = st.lists(scalars, min_size=1, max_size=5, unique_by=as_text)
outputs: st.SearchStrategy[Any] = st.recursive(
    st.none() | scalars,
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.sampled_from(["v", "w", "ids", "page", "persona"]) | texts, children)
    ),
    max_leaves=12,
)

THINGS = Resource(name="things", fields={"ID": Kind.STRING}, premium=True, any_field=True)


class _Writer(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - anchors are refused anyway
        return True


def written(file: dict[str, Any]) -> str:
    """Return *file* as YAML."""
    return yaml.dump(file, Dumper=_Writer)


def of_yaml(query: dict[str, Any]) -> Placement:
    """Return a placement that always asks this query."""
    file = {"placement": "p", "resource": "me/products", "default": {"query": query}}
    return load(written(file), "f")


def of_decision(query: dict[str, Any], **more: Any) -> Placement:
    """Return a placement whose only rule takes values from the decision."""
    rule = {"name": "r", "when": {"has": "type(@)"}, "query": query, **more}
    file = {
        "placement": "p",
        "resource": "me/products",
        "decision": {"flow": "f"},
        "rules": [rule],
        "default": {"query": {"categoryID": "default"}},
    }
    return load(written(file), "f")


def asked_for(where: Placement, output: Json, asked: Asked | None = None) -> list[tuple[str, str]]:
    """Return the parameters of the one request, as a server reads them."""
    choice = choose(where, decided(output), asked or Asked(), Facts(at=NOON))
    assert isinstance(choice.then, ListQuery)
    (target,) = targets(choice.then)
    read = read_target(target)
    assert read.path == "/v1/me/products"
    return list(read.params)


def literally(*wanted: Any) -> tuple[Alternative, ...]:
    return tuple(Alternative("", (as_text(value),)) for value in wanted)


@settings(deadline=None)
@given(st.lists(plain_scalars, min_size=1, max_size=5))
def test_values_of_a_rule_are_read_back_as_alternatives(listed: list[Any]) -> None:
    ((name, value),) = asked_for(of_yaml({"xp.a": listed}), None)
    assert name == "xp.a"
    assert read_value(value) == literally(*listed)


@settings(deadline=None)
@given(values)
def test_values_of_a_decision_are_read_back_as_alternatives(listed: list[Any]) -> None:
    ((name, value),) = asked_for(of_decision({"xp.a": {"from": "v"}}), {"v": listed})
    assert name == "xp.a"
    assert read_value(value) == literally(*listed)


@settings(deadline=None)
@given(values)
def test_excluded_values_are_read_back_one_by_one(listed: list[Any]) -> None:
    params = asked_for(of_decision({"xp.a": {"not": {"from": "v"}}}), {"v": listed})
    assert {name for name, _ in params} == {"xp.a"}
    assert [read_value(value) for _, value in params] == [
        (Alternative("!", (as_text(value),)),) for value in listed
    ]


@settings(deadline=None)
@given(st.sampled_from([("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")]), scalars)
def test_a_bound_is_read_back_as_that_bound(comparison: tuple[str, str], bound: Any) -> None:
    word, sign = comparison
    ((_, value),) = asked_for(of_decision({"xp.a": {word: {"from": "v"}}}), {"v": bound})
    assert read_value(value) == (Alternative(sign, (as_text(bound),)),)


@settings(deadline=None)
@given(st.lists(texts.filter(lambda text: "*" not in text), min_size=2, max_size=4))
def test_only_the_stars_of_a_pattern_are_read_back_as_wildcards(parts: list[str]) -> None:
    ((_, value),) = asked_for(of_yaml({"Name": {"like": "*".join(parts)}}), None)
    assert read_value(value) == (Alternative("", tuple(parts)),)


@settings(deadline=None)
@given(texts)
def test_a_search_is_read_back_as_it_was_written(text: str) -> None:
    assert asked_for(of_yaml({"search": text}), None) == [("search", text)]
    assert asked_for(of_decision({"search": {"from": "v"}}), {"v": text}) == [("search", text)]


@settings(deadline=None)
@given(values, st.lists(texts, max_size=4))
def test_ordercloud_lists_exactly_what_has_one_of_the_values(
    wanted: list[Any], others: list[str]
) -> None:
    every = [as_text(value) for value in wanted] + others
    things = [{"ID": str(i), "xp": {"a": text}} for i, text in enumerate(every)]
    params = asked_for(of_decision({"xp.a": {"from": "v"}}), {"v": wanted})
    answer = run(parse(THINGS, [*params, ("pageSize", "100")]), things)
    accepted = {as_text(value).casefold() for value in wanted}
    assert [thing["ID"] for thing in answer["Items"]] == [
        thing["ID"]
        for thing, text in zip(things, every, strict=True)
        if text.casefold() in accepted
    ]


@settings(deadline=None)
@given(values, st.lists(texts, max_size=4))
def test_ordercloud_lists_nothing_that_has_an_excluded_value(
    unwanted: list[Any], others: list[str]
) -> None:
    every = [as_text(value) for value in unwanted] + others
    things = [{"ID": str(i), "xp": {"a": text}} for i, text in enumerate(every)]
    params = asked_for(of_decision({"xp.a": {"not": {"from": "v"}}}), {"v": unwanted})
    answer = run(parse(THINGS, [*params, ("pageSize", "100")]), things)
    refused = {as_text(value).casefold() for value in unwanted}
    assert [thing["ID"] for thing in answer["Items"]] == [
        thing["ID"]
        for thing, text in zip(things, every, strict=True)
        if text.casefold() not in refused
    ]


FROM_EVERYWHERE = of_decision(
    {
        "ID": {"from": "v"},
        "categoryID": {"from": "w"},
        "sortBy": {"from": "ids"},
        "pageSize": {"from": "persona"},
        "depth": {"from": "page"},
    }
)
FILTERS = of_decision(
    {"xp.a": {"from": "v"}, "xp.b": {"not": {"from": "w"}}, "search": {"from": "ids"}}
)
LISTED = of_decision({"ID": {"from": "v"}}, order="as-listed")
NAMES = {"ID", "categoryID", "sortBy", "pageSize", "depth", "xp.a", "xp.b", "search"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["v", "w", "ids", "persona", "page"]), outputs))
@example({"v": "a|b", "w": "a&x=1", "ids": "Name", "persona": 5, "page": "all"})
@example({"v": ["a", "b"], "w": "../..", "ids": ["Name", "!ID"], "persona": 5, "page": "all"})
@example({"v": ["a", "b"], "w": "c", "ids": ["Name", "!ID"], "persona": 5, "page": "all"})
def test_no_decision_adds_a_parameter_or_a_path(output: Json) -> None:
    for where in (FROM_EVERYWHERE, FILTERS):
        choice = choose(where, decided(output), Asked(), Facts(at=NOON))
        assert isinstance(choice.then, ListQuery)
        for target in targets(choice.then):
            read = read_target(target)
            names = [name for name, _ in read.params]
            assert read.path == "/v1/me/products"
            assert set(names) <= NAMES
            assert len([name for name in names if name != "xp.b"]) == len(set(names) - {"xp.b"})


PINNED = of_decision({"categoryID": "new"}, pin={"from": "v"})


@settings(deadline=None)
@given(st.lists(texts, max_size=4))
def test_pins_of_a_decision_are_ids_and_nothing_else(pins: list[str]) -> None:
    choice = choose(PINNED, decided({"v": list(pins)}), Asked(), Facts(at=NOON))
    parts = choice.then.parts if isinstance(choice.then, Composition) else ()
    for part in parts:
        for target in targets(part):
            for name, value in read_target(target).params:
                for alternative in read_value(value) if name == "ID" else ():
                    assert alternative.operator in {"", "!"}
                    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", "*".join(alternative.parts))


@settings(deadline=None)
@given(st.sampled_from(["v", "w", "ids", "persona", "page"]), texts)
def test_parameters_that_take_no_free_text_refuse_it(key: str, text: str) -> None:
    good: dict[str, Json] = {"v": ["a"], "w": "c", "ids": ["Name"], "persona": 5, "page": 1}
    assert choose(FROM_EVERYWHERE, decided(good), Asked(), Facts(at=NOON)).rule == "r"
    choice = choose(FROM_EVERYWHERE, decided({**good, key: text}), Asked(), Facts(at=NOON))
    if choice.rule == "r":
        assert re.fullmatch(r"!?[\w.-]{1,100}", text)


allowed = st.dictionaries(
    st.sampled_from(["search", "sortBy", "categoryID", "xp.a"]),
    st.lists(texts, min_size=1, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(allowed, st.none() | st.integers(1, 9999), st.none() | st.integers(1, PAGE_SIZE_MAX))
def test_what_the_shopper_asks_for_is_sent_as_it_is(
    params: dict[str, tuple[str, ...]], page: int | None, page_size: int | None
) -> None:
    where = of_yaml({"categoryID": "featured", "xp.b": "x"})
    asked = Asked(page=page, page_size=page_size, params=params)
    expected = {"categoryID": ("featured",), "xp.b": ("x",), **params}
    if page is not None:
        expected["page"] = (str(page),)
    if page_size is not None:
        expected["pageSize"] = (str(page_size),)
    assert asked_for(where, None, asked) == [
        (name, text) for name in sorted(expected) for text in expected[name]
    ]


ids = st.from_regex(r"[A-Za-z0-9_-]{1,100}", fullmatch=True)


@settings(deadline=None)
@given(st.lists(st.integers(4, 100), min_size=1, max_size=40), st.integers(1, 10))
def test_ids_in_batches_are_all_asked_for_once_and_in_order(lengths: list[int], times: int) -> None:
    listed = [f"{i:04}".ljust(length, "x") for i, length in enumerate(lengths * times)]
    choice = choose(LISTED, decided({"v": list(listed)}), Asked(), Facts(at=NOON))
    assert isinstance(choice.then, ListQuery)
    asked: list[str] = []
    for target in targets(choice.then):
        params = dict(read_target(target).params)
        batch = params["ID"].split("|")
        assert len(target) <= 2000
        assert len(batch) <= int(params.get("pageSize", 20)) <= PAGE_SIZE_MAX
        asked += batch
    assert asked == listed


SEGMENTS = ["a", "b", "c"]
whens: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "segment": st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=2, unique=True),
        "has": st.sampled_from(["v", "w", "v[0]", "ids"]),
        "output": st.fixed_dictionaries({"w": st.sampled_from([1, "x", {"gt": 3}, {"not": "x"}])}),
        "not": st.fixed_dictionaries({"segment": st.sampled_from(SEGMENTS)}),
    },
).filter(bool)
thens: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"query": {"categoryID": "x"}},
        {"query": {"ID": {"from": "ids"}}},
        {"query": {"xp.a": {"from": "v"}}},
        {"page": {"from": "page"}},
    ]
)
decisions = outputs | st.fixed_dictionaries(
    {},
    optional={
        "persona": st.sampled_from(SEGMENTS) | st.lists(st.sampled_from(SEGMENTS)),
        "v": scalars | st.lists(scalars, max_size=2),
        "w": st.sampled_from([1, 4, "x", "y", None]),
        "ids": st.lists(ids, max_size=3),
        "page": outputs,
    },
)


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    rules = [
        {"name": f"r{i}", "when": draw(whens), **draw(thens)}
        for i in range(draw(st.integers(0, 6)))
    ]
    file = {
        "placement": "p",
        "resource": "me/products",
        "decision": {"flow": "f", "segment": "persona"},
        "rules": rules,
        "default": {"query": {"categoryID": "default"}},
    }
    return load(written(file), "f")


@settings(deadline=None)
@given(placements(), decisions)
def test_the_index_the_linear_search_and_the_explanation_agree(
    where: Placement, output: Json
) -> None:
    facts = Facts(at=NOON)
    choice = choose(where, decided(output), Asked(), facts)
    steps = list(trace(where, decided(output), Asked(), facts))
    applies = [step.rule.name for step in steps if step.why_not is None]
    assert [choice.rule] == (applies or ["default"])
    if output is not None:
        explained = explain(where, output, facts, Asked(), base_url="")
        assert (explained.rule, explained.segment) == (choice.rule, choice.segment)
        assert explained.requests == (
            targets(choice.then) if isinstance(choice.then, ListQuery) else ()
        )


PATHS = [
    "persona", "v.w", "v[0]", "v[]", "v[*].w", "*.w", "v | [0]", "v[?w > `1`]", "v[::2]", "@",
    "length(v)", "sort(v)", "max_by(v, &w)", "join(',', v)", "sum(v)", "keys(v)", "not_null(v, w)",
    "to_number(v)", "to_string(v)", "reverse(v)", "merge(v, w)", "contains(v, w)", "map(&w, v)",
    "starts_with(v, w)", "ceil(v)", "avg(v)", "values(v)", "sort_by(v, &w)", "type(v)",
]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(PATHS), decisions)
def test_no_decision_breaks_a_path(path: str, output: Json) -> None:
    file = {
        "placement": "p",
        "resource": "me/products",
        "decision": {"flow": "f", "segment": path},
        "rules": [
            {"name": "s", "when": {"segment": "a", "has": path}, "page": {"from": path}},
            {"name": "q", "when": {"has": path}, "query": {"xp.a": {"from": path}}},
        ],
        "default": {"query": {}},
    }
    where = load(written(file), "f")
    for reason in (Reason.MATCHED, Reason.TIMEOUT):
        decision = Decision(output, reason, Freshness.STALE)
        choice = choose(where, decision, Asked(), Facts(at=NOON))
        assert choice.rule in {"s", "q", "default"}
