from sandbox.ordercloud.listing import Table, parse, run
from tests.sandbox.ordercloud.listing.catalog import BAG, PREMIUM, SHOE, THINGS, WATCH


def ids(table: Table, *query: tuple[str, str]) -> list[str]:
    return [item["ID"] for item in run(parse(PREMIUM, query), table)["Items"]]


def test_a_table_takes_in_what_changed_came_and_went() -> None:
    table = Table(THINGS)
    assert ids(table, ("xp.color", "red"), ("search", "shoe")) == ["shoe"]
    blue = {**SHOE, "Name": "Blue boot", "xp": {"color": "Blue"}}
    table.refresh([WATCH, blue, BAG])
    assert ids(table, ("xp.color", "red")) == []
    assert ids(table, ("search", "boots"), ("xp.color", "blue")) == ["shoe"]
    table.refresh([WATCH, blue, BAG, {**SHOE, "ID": "new"}])
    assert ids(table, ("xp.color", "red")) == ["new"]
    table.refresh([WATCH, BAG])
    assert ids(table) == ["watch", "bag"]
    assert table.rows_of(["bag"]) == 0b10


def test_many_changes_at_once_are_taken_in() -> None:
    table = Table([{"ID": str(n), "Name": "old"} for n in range(300)])
    assert ids(table, ("Name", "new")) == []
    table.refresh([{"ID": str(n), "Name": "new" if n < 150 else "old"} for n in range(300)])
    assert len(ids(table, ("Name", "new"), ("pageSize", "100"))) == 100


def test_frequent_values_survive_changes() -> None:
    items = [{"ID": str(n), "Name": "even" if n % 2 == 0 else "odd"} for n in range(200)]
    table = Table(items)
    count = len(ids(table, ("Name", "even"), ("pageSize", "100")))
    table.refresh([{"ID": "0", "Name": "odd"}, *items[1:]])
    assert len(ids(table, ("Name", "even"), ("pageSize", "100"))) == count - 1


def test_indexes_are_kept_in_bounds() -> None:
    table = Table(THINGS)
    for number in range(200):
        query = (("sortBy", f"xp.f{number},ID"), ("search", "x"), ("searchOn", f"xp.f{number}"))
        assert ids(table, *query[:1]) == ["bag", "shoe", "watch"]
        assert ids(table, *query) == []
    for indexes in (table._orders, table._columns, table._words):
        assert len(indexes) <= 64
