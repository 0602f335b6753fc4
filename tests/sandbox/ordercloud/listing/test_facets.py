from typing import Any

from sandbox.ordercloud.listing import parse, run
from tests.sandbox.ordercloud.listing.catalog import PLAIN, PREMIUM, THINGS


def facet(name: str, **more: object) -> dict[str, Any]:
    return {"ID": name, "Name": name, "XpPath": f"xp.{name}", "ListOrder": 1, "MinCount": 1} | more


def counted(facets: list[dict[str, Any]], *query: tuple[str, str]) -> dict[str, dict[str, int]]:
    meta = run(parse(PREMIUM, query), THINGS, facets)["Meta"]
    return {
        each["Name"]: {value["Value"]: value["Count"] for value in each["Values"]}
        for each in meta["Facets"]
    }


def test_values_are_counted_over_the_whole_result() -> None:
    found = counted([facet("color")], ("pageSize", "1"))
    assert found == {"color": {"Black": 1, "Red": 1, "blue|green": 1}}
    assert counted([facet("color")], ("Active", "false")) == {"color": {"Red": 1}}


def test_values_are_written_as_text() -> None:
    found = counted([facet("isNew"), facet("rating"), facet("tags")])
    assert found["isNew"] == {"true": 1}
    assert found["rating"] == {"3": 1, "4.5": 1}
    assert found["tags"] == {"10": 1, "new": 1, "sale": 1, "Sport": 1}


def test_the_most_frequent_value_comes_first() -> None:
    items = [{"ID": str(n), "xp": {"size": "M" if n % 3 else "L"}} for n in range(10)]
    meta = run(parse(PREMIUM, []), items, [facet("size")])["Meta"]
    assert meta["Facets"][0]["Values"] == [{"Value": "M", "Count": 6}, {"Value": "L", "Count": 4}]


def test_rare_values_can_be_left_out() -> None:
    assert counted([facet("color", MinCount=2)]) == {"color": {}}


def test_at_most_fifty_facets_come_in_their_order() -> None:
    facets = [facet(f"f{n}", ListOrder=60 - n) for n in range(60)]
    assert list(counted(facets)) == [f"f{n}" for n in range(59, 9, -1)]


def test_a_facet_carries_its_path_and_xp() -> None:
    [found] = run(parse(PREMIUM, []), THINGS, [facet("x", xp={"a": 1})])["Meta"]["Facets"]
    assert found == {"Name": "x", "XpPath": "xp.x", "Values": [], "xp": {"a": 1}}


def test_plain_lists_have_no_facets() -> None:
    assert "Facets" not in run(parse(PLAIN, []), THINGS, [facet("color")])["Meta"]
