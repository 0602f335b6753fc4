"""Every value form of a rule's `query:`, and what is said of one that cannot be."""

import pytest

from tests.core.making import chosen, listed, mistakes, slot


def requests(query: str, output: object = None, resource: str = "me/products") -> tuple[str, ...]:
    """Return what a rule with this query asks of OrderCloud, without the resource's path."""
    rule = f"[{{name: r, when: {{has: on}}, query: {query}}}]"
    given = {"on": True, **(output if isinstance(output, dict) else {})}
    where = slot(rule, resource=resource)
    return tuple(one.removeprefix(f"/v1/{resource}?") for one in listed(chosen(where, given).then))


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("{xp.color: red}", "xp.color=red"),
        ("{xp.color: 'light red'}", "xp.color=light%20red"),
        ("{xp.color: [red, blue]}", "xp.color=red|blue"),
        ("{xp.color: 'a|b'}", r"xp.color=a%5C|b"),
        ("{xp.color: '!red'}", r"xp.color=%5C!red"),
        ("{xp.color: '50*'}", r"xp.color=50%5C*"),
        ("{xp.country: NO}", "xp.country=NO"),
        ("{xp.size: 42}", "xp.size=42"),
        ("{xp.size: 4.5}", "xp.size=4.5"),
        ("{xp.size: 010}", "xp.size=010"),
        ("{xp.open: 12:30}", "xp.open=12:30"),
        ("{Active: true}", "Active=true"),
        ("{xp.color: {not: red}}", "xp.color=!red"),
        ("{xp.color: {not: [red, blue]}}", "xp.color=!red&xp.color=!blue"),
        ("{xp.size: {gt: 40}}", "xp.size=%3E40"),
        ("{xp.size: {gte: 40}}", "xp.size=%3E%3D40"),
        ("{xp.size: {lt: 44}}", "xp.size=%3C44"),
        ("{xp.size: {lte: 44}}", "xp.size=%3C%3D44"),
        ("{xp.size: {gt: 40, lte: 44}}", "xp.size=%3E40&xp.size=%3C%3D44"),
        ("{xp.size: {gt: 40, not: 42}}", "xp.size=%3E40&xp.size=!42"),
        ("{xp.size: {between: [40, 44]}}", "xp.size=%3E%3D40&xp.size=%3C%3D44"),
        ("{DateCreated: {gt: 2026-01-01}}", "DateCreated=%3E2026-01-01"),
        ("{Name: {like: 'watch*'}}", "Name=watch*"),
        ("{Name: {like: '*a|b*'}}", r"Name=*a%5C|b*"),
        ("{ParentID: {missing: true}}", "ParentID=!*"),
        ("{ParentID: {missing: false}}", "ParentID=*"),
        ("{Name|Description: watch}", "Name|Description=watch"),
        ("{ID: [p1, p2, p3]}", "ID=p1|p2|p3"),
        ("{ID: {not: p1}}", "ID=!p1"),
        ("{categoryID: mens-watches}", "categoryID=mens-watches"),
        ("{catalogID: c, depth: all}", "catalogID=c&depth=all"),
        ("{depth: 2}", "depth=2"),
        ("{search: 'red watch', searchOn: [Name, xp.tags.*]}",
         "search=red%20watch&searchOn=Name,xp.tags.*"),
        ("{search: '!a|b*'}", "search=!a|b*"),
        ("{searchType: ExactPhrase}", "searchType=ExactPhrase"),
        ("{sortBy: Name}", "sortBy=Name"),
        ("{sortBy: ['!xp.rating', Name]}", "sortBy=!xp.rating,Name"),
        ("{pageSize: 12}", "pageSize=12"),
        ("{sortBy: Name, ID: p1, categoryID: c}", "ID=p1&categoryID=c&sortBy=Name"),
    ],
)  # fmt: skip
def test_a_value_form_becomes_a_request(query: str, asked: str) -> None:
    assert requests(query) == (asked,)


@pytest.mark.parametrize(
    ("query", "output", "asked"),
    [
        ("{xp.color: {from: color}}", {"color": "red"}, "xp.color=red"),
        ("{xp.color: {from: colors}}", {"colors": ["red", "blue", "red"]}, "xp.color=red|blue"),
        ("{xp.color: {from: color}}", {"color": "!a|b*"}, r"xp.color=%5C!a%5C|b%5C*"),
        ("{xp.color: {not: {from: colors}}}", {"colors": ["a", "b"]}, "xp.color=!a&xp.color=!b"),
        ("{xp.size: {gte: {from: size}}}", {"size": 42}, "xp.size=%3E%3D42"),
        ("{xp.size: {gte: {from: size}}}", {"size": 42.0}, "xp.size=%3E%3D42"),
        ("{xp.size: {between: [{from: a}, 9]}}", {"a": 4.5}, "xp.size=%3E%3D4.5&xp.size=%3C%3D9"),
        ("{xp.new: {from: new}}", {"new": False}, "xp.new=false"),
        ("{ID: {from: 'products[].id'}}", {"products": [{"id": "a"}, {"id": "b"}]}, "ID=a|b"),
        ("{categoryID: {from: category}}", {"category": "sale"}, "categoryID=sale"),
        ("{categoryID: {from: category}}", {"category": ["sale", "new"]}, "categoryID=sale"),
        ("{sortBy: {from: sort}}", {"sort": ["!xp.rating", "Name"]}, "sortBy=!xp.rating,Name"),
        ("{pageSize: {from: size}}", {"size": 12}, "pageSize=12"),
        ("{search: {from: words}}", {"words": "r&d"}, "search=r%26d"),
    ],
)  # fmt: skip
def test_a_value_can_come_from_the_decision(query: str, output: object, asked: str) -> None:
    assert requests(query, output) == (asked,)


@pytest.mark.parametrize(
    ("resource", "query", "asked"),
    [
        ("me/categories", "{ParentID: tops, depth: all}", "ParentID=tops&depth=all"),
        ("me/categories", "{productID: p1}", "productID=p1"),
        ("me/promotions", "{xp.audience: loyal}", "xp.audience=loyal"),
        ("me/promotions", "{AutoApply: true}", "AutoApply=true"),
        ("me/orders", "{from: 2026-01-01, Status: Open}", "Status=Open&from=2026-01-01"),
        ("me/shipments", "{orderID: o1}", "orderID=o1"),
        ("me/catalogs", "{sellerID: s1}", "sellerID=s1"),
    ],
)  # fmt: skip
def test_each_list_has_parameters_of_its_own(resource: str, query: str, asked: str) -> None:
    assert requests(query, resource=resource) == (asked,)


def of_query(query: str, resource: str = "me/products") -> list[str]:
    """Return the mistakes of a default query, which stands in line 3 from column 18."""
    return mistakes(f"placement: slot\nresource: {resource}\ndefault: {{query: {query}}}\n")


@pytest.mark.parametrize(
    ("query", "mistake"),
    [
        ("{ID: 'p 1'}", ("3:23: 'p 1' cannot be ID; "
         "an ID has only letters, digits, - and _, at most 100")),
        ("{ID: [p1, 'p|2']}", ("3:28: 'p|2' cannot be ID; "
         "an ID has only letters, digits, - and _, at most 100")),
        ("{ID: []}", "3:23: this list is empty; name at least one value"),
        ("{xp.a: }", "3:25: there is no value; write one, or {missing: true} for a field"),
        ("{xp.a: ''}", "3:25: there is no value; write one, or {missing: true} for a field"),
        ("{xp.a: [x, [y]]}", "3:29: this is neither a value nor a condition; see docs/rules.md"),
        ("{xp.a: {near: x}}", ("3:32: 'near' is not a condition; "
         "known are: between, from, gt, gte, like, lt, lte, missing, not")),
        ("{xp.a: {Not: x}}", "3:31: 'Not' is not a condition; did you mean 'not'?"),
        ("{xp.a: {not: {gt: 1}}}",
         "3:31: this is neither a value nor {from: path}; keep one of them"),
        ("{xp.a: {from: b, not: c}}",
         "3:25: this is neither a value nor {from: path}; keep one of them"),
        ("{xp.a: {gt: [1, 2]}}",
         "3:30: a comparison takes one value, not a list; keep one of them"),
        ("{xp.a: {between: 3}}", "3:35: between takes two values; write {between: [10, 20]}"),
        ("{xp.a: {between: [1]}}", "3:35: between takes two values; write {between: [10, 20]}"),
        ("{xp.a: {between: [1, [2]]}}",
         "3:39: a comparison takes one value, not a list; keep one of them"),
        ("{xp.a: {like: abc}}", ("3:32: 'abc' has no * to stand for any text; "
         'write e.g. {like: "abc*"}')),
        ("{xp.a: {missing: yes}}", "3:35: 'yes' is not true or false; write {missing: true}"),
        ("{categoryID: {not: a}}",
         ("3:31: categoryID is a parameter, not a field: it takes no conditions; "
         "give a value, or {from: path}")),
        ("{categoryID: [a, b]}", "3:31: categoryID takes one value, not a list; keep one"),
        ("{categoryid: a}", "3:31: 'categoryid' is not a field; did you mean 'categoryID'?"),
        ("{SortBy: Name}", "3:27: 'SortBy' is not a field; did you mean 'sortBy'?"),
        ("{page: 2}", "3:25: the page is the shopper's to choose; remove it"),
        ("{'a&b': 1}", ("3:26: 'a&b' cannot be the name of a field; "
         "write e.g. Name, xp.color or Name|Description")),
        ("{sortBy: '-Name'}", ("3:27: '-Name' cannot be sortBy; "
         "write a field, e.g. Name, or descending with !, e.g. '!xp.rating'")),
        ("{sortBy: 'Name,ID'}", ("3:27: 'Name,ID' cannot be sortBy; "
         "write a field, e.g. Name, or descending with !, e.g. '!xp.rating'")),
        ("{searchOn: '*'}", "3:29: '*' cannot be searchOn; write fields, e.g. Name or xp.keywords"),
        ("{depth: 0}", "3:26: '0' cannot be depth; write a whole number from 1, or all"),
        ("{pageSize: 101}", "3:29: '101' cannot be pageSize; write a whole number from 1 to 100"),
        ("{pageSize: 1٢}", "3:29: '1٢' cannot be pageSize; write a whole number from 1 to 100"),
        ("{searchType: fuzzy}", ("3:31: 'fuzzy' cannot be searchType; write one of: "
         "AnyTerm, AllTermsAnyField, AllTermsSameField, ExactPhrase, ExactPhrasePrefix")),
        ("{xp.a: {from: b}}", ("3:18: the default serves when there is no decision, "
         "so it can take nothing from it; write the values themselves")),
        ("{xp.a: {from: 'b['}}", ("3:32: 'b[' is not a path into the decision; "
         "write e.g. persona, offer.ids or products[].id")),
        ("{xp.a: {from: 'nope(b)'}}", ("3:32: 'nope(b)' is not a path into the decision; "
         "write e.g. persona, offer.ids or products[].id")),
        ("{xp.a: {from: 'b[::0]'}}", ("3:32: 'b[::0]' is not a path into the decision; "
         "write e.g. persona, offer.ids or products[].id")),
        ("{xp.a: {from: [b]}}", ("3:32: ['b'] is not a path into the decision; "
         "write e.g. persona, offer.ids or products[].id")),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_its_mend(query: str, mistake: str) -> None:
    assert of_query(query) == [mistake]
