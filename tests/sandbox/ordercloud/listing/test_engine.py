"""The engine and the reference agree on random entities and random queries."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.ordercloud.listing import Kind, Resource, Table, View, parse, run
from tests.sandbox.ordercloud.listing.reference import reference_list

FIELDS = {
    "ID": Kind.STRING,
    "Name": Kind.STRING,
    "Count": Kind.NUMBER,
    "Active": Kind.BOOLEAN,
    "Date": Kind.DATE,
    "Place.City": Kind.STRING,
}
SEARCHED = ("Name", "Place.City")
PREMIUM = Resource(
    name="things",
    fields=FIELDS,
    premium=True,
    any_field=True,
    searchable=SEARCHED,
    sortable=tuple(FIELDS),
    default_sort=("Name", "ID"),
)
PLAIN = Resource(
    name="things",
    fields=FIELDS,
    searchable=SEARCHED,
    sortable=tuple(FIELDS),
    default_sort=("ID",),
)

# Few values, shared by entities and filters, so that they often meet.
words = st.sampled_from(["red", "Red", "reddish", "blue", "10"])
texts = st.lists(words, min_size=1, max_size=3).map(" ".join)
odd = st.sampled_from(["", "a", "A*b", "a|b", "!a", ">a", "a\\b", "=", "2"])
strings = st.one_of(texts, odd)
numbers = st.sampled_from([-1, 0, 0.5, 1, 2, 2.0, 10, 1e6])
moments = st.sampled_from(
    ["2024-01-01", "2024-01-01T00:00:00+00:00", "2024-01-01T02:00:00.5+01:00", "2023-12-31T23:59Z"]
)
scalars = st.one_of(strings, numbers, st.booleans(), st.none())


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, strategy, st.none())


def one_or_many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, st.lists(strategy, max_size=3))


nested = st.fixed_dictionaries({}, optional={"a": one_or_many(strings), "b": scalars})
things = st.fixed_dictionaries(
    {
        "Name": maybe(strings),
        "Count": maybe(numbers),
        "Active": maybe(st.booleans()),
        "Date": maybe(moments),
        "Place": maybe(st.fixed_dictionaries({"City": strings})),
        "xp": st.fixed_dictionaries(
            {},
            optional={
                "a": one_or_many(numbers),
                "b": one_or_many(scalars),
                "c": one_or_many(nested),
            },
        ),
    }
)
described = st.fixed_dictionaries(
    {
        "Name": texts,
        "Active": st.booleans(),
        "Place": maybe(st.fixed_dictionaries({"City": texts})),
        "xp": st.fixed_dictionaries({"c": one_or_many(st.fixed_dictionaries({"a": texts}))}),
    }
)


def catalogs_of(kind: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return catalogs in which some IDs begin alike, and some names are the same."""
    return st.lists(kind, min_size=4, max_size=12).map(
        lambda found: [{"ID": f"Item {n % 5}-{n}", **thing} for n, thing in enumerate(found)]
    )


catalogs = catalogs_of(things)


def escaped(text: str) -> str:
    return re.sub(r"([|*!<>=\\])", r"\\\1", text)


operators = ["", "!", "!!", ">", "<", ">=", "<=", "!>", "!<", "!>=", "=", "!="]
patterns = st.sampled_from(["re*", "*d", "*RED*", "a*b", "item 1*", r"a\**", "*", "**"])
values = {
    Kind.STRING: st.one_of(strings.map(escaped), strings, patterns),
    Kind.NUMBER: numbers.map(str),
    Kind.BOOLEAN: st.sampled_from(["true", "False"]),
    Kind.DATE: moments,
}
values[Kind.FREE] = st.one_of(*values.values())
xp_paths = st.sampled_from(["xp.a", "xp.b", "xp.c.a", "xp.c.b", "xp.c"])


def terms(kind: Kind) -> st.SearchStrategy[str]:
    term = st.tuples(st.sampled_from(operators), values[kind]).map("".join)
    return st.lists(st.one_of(term, term, term, st.just("!*")), min_size=1, max_size=3).map(
        "|".join
    )


def filters_on(name: str) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.just(name), terms(FIELDS.get(name, Kind.FREE)))


single = st.one_of(st.sampled_from(sorted(FIELDS)), xp_paths).flatmap(filters_on)
crossed = (
    st.lists(st.one_of(st.sampled_from(["ID", "Name"]), xp_paths), min_size=2, max_size=3)
    .map("|".join)
    .flatmap(lambda name: st.tuples(st.just(name), terms(Kind.STRING)))
)
sort_fields = st.tuples(
    st.sampled_from(["", "!"]), st.one_of(st.sampled_from(sorted(FIELDS)), xp_paths)
).map("".join)
sort_by = st.lists(sort_fields, min_size=1, max_size=3).map(",".join)
search_on = st.lists(
    st.sampled_from([*SEARCHED, "xp.c.a", "xp.c.*"]), min_size=1, max_size=3, unique=True
).map(",".join)


def optional(
    name: str, strategy: st.SearchStrategy[str]
) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.one_of(st.just([]), strategy.map(lambda value: [(name, value)]))


def queries(
    filters: st.SearchStrategy[tuple[str, str]], *more: st.SearchStrategy[list[tuple[str, str]]]
) -> st.SearchStrategy[list[tuple[str, str]]]:
    parts = (
        st.lists(filters, max_size=2),
        optional("sortBy", sort_by),
        optional("page", st.sampled_from(["1", "2"])),
        optional("pageSize", st.sampled_from(["1", "3", "100"])),
        *more,
    )
    return st.tuples(*parts).map(lambda lists: [pair for part in lists for pair in part])


searched = st.lists(words, min_size=1, max_size=2).map(" ".join)
search_types = st.sampled_from(
    ["AnyTerm", "AllTermsAnyField", "AllTermsSameField", "ExactPhrase", "ExactPhrasePrefix"]
)
searches = st.tuples(
    searched.map(lambda text: [("search", text)]),
    optional("searchOn", search_on),
    optional("searchType", search_types),
    optional("Active", st.just("true")),
    optional("sortBy", st.just("!Count")),
).map(lambda lists: [pair for part in lists for pair in part])


def check_against_reference(
    resource: Resource, query: list[tuple[str, str]], items: list[dict[str, Any]]
) -> None:
    expected = reference_list(
        query,
        items,
        dates=frozenset({"Date"}),
        search_on=SEARCHED,
        default_sort=resource.default_sort,
        premium=resource.premium,
    )
    assert run(parse(resource, query), items) == expected


@settings(max_examples=200)
@given(query=queries(st.one_of(single, crossed)), items=catalogs)
def test_premium_lists_answer_what_the_reference_answers(
    query: list[tuple[str, str]], items: list[dict[str, Any]]
) -> None:
    check_against_reference(PREMIUM, query, items)


@settings(max_examples=200)
@given(query=searches, items=catalogs_of(described))
def test_premium_searches_find_and_rank_what_the_reference_finds_and_ranks(
    query: list[tuple[str, str]], items: list[dict[str, Any]]
) -> None:
    check_against_reference(PREMIUM, query, items)


@settings(max_examples=200)
@given(query=queries(single, optional("search", st.one_of(searched, odd))), items=catalogs)
def test_plain_lists_answer_what_the_reference_answers(
    query: list[tuple[str, str]], items: list[dict[str, Any]]
) -> None:
    check_against_reference(PLAIN, query, items)


@given(texts=st.lists(st.text("aA*|!<>=\\", max_size=4), min_size=1), pick=st.integers(0))
def test_an_escaped_text_is_equal_to_itself_alone(texts: list[str], pick: int) -> None:
    wanted = texts[pick % len(texts)]
    items = [{"ID": str(n), "Name": text} for n, text in enumerate(texts)]
    found = run(parse(PREMIUM, [("Name", escaped(wanted)), ("pageSize", "100")]), items)["Items"]
    assert {item["Name"].casefold() for item in found} == {wanted.casefold()}


@given(query=queries(single), items=catalogs, data=st.data())
def test_a_view_answers_what_a_list_of_its_items_alone_answers(
    query: list[tuple[str, str]], items: list[dict[str, Any]], data: st.DataObject
) -> None:
    visible = [item for item in items if data.draw(st.booleans())]
    table = Table(items)
    view = View(table, table.rows_of(item["ID"] for item in visible))
    request = parse(PREMIUM, query)
    assert run(request, view) == run(request, visible)


@given(query=queries(single), before=catalogs, after=catalogs, search=searches)
def test_a_refreshed_table_answers_like_a_new_one(
    query: list[tuple[str, str]],
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    search: list[tuple[str, str]],
) -> None:
    table = Table(before)
    requests = [parse(PREMIUM, query), parse(PREMIUM, search)]
    for request in requests:
        run(request, table)
    now = [
        old if n % 3 == 0 else new for n, (old, new) in enumerate(zip(before, after, strict=False))
    ]
    now += after[len(before) :]
    table.refresh(now)
    assert [run(request, table) for request in requests] == [run(r, now) for r in requests]
