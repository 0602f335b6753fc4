"""`diff --live` against a real marketplace and a gateway that has answered shoppers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy import blast
from proxy.blast import Blast
from proxy.config import Config
from proxy.errors import DocumentError
from proxy.ruleset import RuleSet, load_folder
from proxy.sections import Admin
from tests.conftest import StartGateway
from tests.emulators import PASSWORD, STOREFRONT, OrderCloud
from tests.servers import ADMIN_KEY

HERO = """\
placement: hero
resource: me/products
decision: {{flow: home_hero, segment: persona}}
rules:
  - {{name: vips, when: {{segment: vip}}, {vips}}}
  - {{name: members, when: {{group: wholesale}}, query: {{ID: [p1, p2]}}, order: as-listed}}
default: {{query: {{{default}}}}}
"""
PICKED = "query: {ID: [p1, p2, p3]}, order: as-listed"


def hero(vips: str = PICKED, default: str = "categoryID: new, pageSize: 5") -> str:
    return HERO.format(vips=vips, default=default)


def settings(ordercloud: OrderCloud, **check: Any) -> Config:
    sections: dict[str, Any] = {
        "ordercloud": {"url": ordercloud.url, "clients": [STOREFRONT]},
        "cdp": {"url": ordercloud.url, "client_key": "sandbox", "point_of_sale": "demo"},
        "admin": {"key": ADMIN_KEY},
        "check": {"shoppers": {"vip": "alice"}, "password": PASSWORD, **check},
    }
    return Config.model_validate(sections)


@pytest.fixture
def rules(tmp_path: Path) -> "Folders":
    return Folders(tmp_path)


class Folders:
    """Folders of rules."""

    def __init__(self, top: Path) -> None:
        self._top = top

    def __call__(self, name: str, files: Mapping[str, str]) -> RuleSet:
        folder = self._top / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text)
        loaded = load_folder(folder)
        assert loaded.problems == ()
        return loaded


async def impacts(
    rules: Folders, ordercloud: OrderCloud, before: str, after: str, **check: Any
) -> tuple[list[str], Blast]:
    """Return how lists change, with no gateway to tell of traffic."""
    old, new = rules("old", {"hero.yaml": before}), rules("new", {"hero.yaml": after})
    found = await blast.look(
        settings(ordercloud, **check), old, new, traffic=None, url=ordercloud.url
    )
    return [str(one) for of_change in found.impacts for one in of_change], found


async def test_items_that_go_come_and_move_are_told(rules: Folders, ordercloud: OrderCloud) -> None:
    after = hero("query: {ID: [p3, p1, p5, p4]}, order: as-listed")
    told, found = await impacts(rules, ordercloud, hero(), after)
    assert told == ["alice: 1 gone (p2), 2 new (p5, p4), 1 moved (p3)"]
    assert found.refusals == []


async def test_a_list_that_runs_empty_is_refused(rules: Folders, ordercloud: OrderCloud) -> None:
    told, found = await impacts(rules, ordercloud, hero(), hero("query: {xp.brand: Nobody}"))
    assert told == ["alice: 3 gone (p1, p2, p3), nothing is left"]
    assert found.refusals == ["hero, segment 'vip': nothing is left for alice"]


async def test_a_list_that_ordercloud_refuses_is_as_good_as_empty(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    _, found = await impacts(rules, ordercloud, hero(), hero("query: {categoryID: no-such}"))
    assert len(found.refusals) == 1


async def test_a_new_rule_of_the_same_items_in_other_words_moves_nothing(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    told, _ = await impacts(
        rules, ordercloud, hero(), hero("query: {ID: p1}, fill: [{ID: p2}, {ID: p3}]")
    )
    assert told == ["alice: the same items"]


async def test_each_variant_is_compared_with_what_stood_there(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    variants = (
        f"experiment: {{split: {{a: 1, b: 1}}}}, variants: {{a: {{{PICKED}}},"
        " b: {query: {ID: p9}}}"
    )
    told, _ = await impacts(rules, ordercloud, hero(), hero(variants))
    assert told == [
        "alice, variant a: the same items",
        "alice, variant b: 3 gone (p1, p2, p3), 1 new (p9)",
    ]


async def test_what_nobody_can_look_at_has_no_impact(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    after = hero().replace("[p1, p2]", "[p9]")
    told, found = await impacts(rules, ordercloud, hero(), after)
    assert (told, len(found.changes)) == ([], 1)
    again = Folders(rules._top / "old")
    named = {"vip": "alice", "group:wholesale": "bob"}
    told, _ = await impacts(again, ordercloud, hero(), after, shoppers=named)
    assert told == ["bob: 2 gone (p1, p2), 1 new (p9)"]


async def test_another_name_for_a_rule_is_not_looked_at(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    told, found = await impacts(rules, ordercloud, hero(), hero().replace("vips", "best"))
    assert (told, len(found.changes), found.refusals) == ([], 1, [])


async def test_without_a_gateway_the_traffic_is_not_known_and_it_says_so(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    _, found = await impacts(rules, ordercloud, hero(), hero(default="categoryID: sale"))
    (note,) = found.notes
    assert note.startswith("the recent traffic is not known: ")
    assert (found.ratio, found.as_json()["touched"]) == (None, None)
    assert f"note: {note}" in list(found.as_text())


async def test_without_the_admin_key_the_lists_are_looked_at_all_the_same(
    rules: Folders, ordercloud: OrderCloud
) -> None:
    old = rules("old", {"hero.yaml": hero()})
    new = rules("new", {"hero.yaml": hero("query: {xp.brand: Nobody}")})
    keyless = settings(ordercloud).model_copy(update={"admin": Admin()})
    found = await blast.look(keyless, old, new, traffic=None, url=None)
    assert "no admin key is set" in found.notes[0]
    assert len(found.refusals) == 1


async def test_a_change_that_reaches_too_many_is_refused(
    rules: Folders, gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    running = await gateway({"hero.yaml": hero()})
    alice, bob = await ordercloud.token("alice"), await ordercloud.token("bob")
    for token in (alice, alice, alice, bob):  # the last ones of alice by the fast path
        await running.get("/placements/hero", token)
    old = rules("old", {"hero.yaml": hero()})
    new = rules("new", {"hero.yaml": hero("query: {ID: [p4, p5, p6]}")})
    url = str(running.admin.base_url)
    found = await blast.look(settings(ordercloud), old, new, traffic=None, url=url)
    assert found.ratio == 0.75
    (refusal,) = found.refusals
    assert refusal == "75.0% of the recent answers would change; check.blast lets pass 20.0%"
    assert "    75.0% of the recent answers" in list(found.as_text())
    careless = settings(ordercloud, blast=0.75)
    found = await blast.look(careless, old, new, traffic=None, url=url)
    assert found.refusals == []


async def test_traffic_may_stand_in_a_file(
    rules: Folders, gateway: StartGateway, ordercloud: OrderCloud, tmp_path: Path
) -> None:
    running = await gateway({"hero.yaml": hero()})
    await running.get("/placements/hero", await ordercloud.token())
    saved = tmp_path / "traffic.json"
    saved.write_bytes((await running.operate("/traffic")).content)
    old = rules("old", {"hero.yaml": hero()})
    new = rules("new", {"hero.yaml": hero(default="categoryID: sale")})
    found = blast.weigh(settings(ordercloud), old, new, saved)
    assert (found.ratio, found.impacts) == (1.0, ())
    assert found.as_json()["changes"][0]["impacts"] == []


async def test_the_gateway_tells_nothing_of_a_shopper_but_the_kind(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    running = await gateway({"hero.yaml": hero()})
    await running.get("/placements/hero?browserId=b-17", await ordercloud.token("bob"))
    (counted,) = (await running.operate("/traffic")).json()["counted"]
    assert counted == {
        "kind": {
            "placement": "hero",
            "rule": "members",
            "anonymous": False,
            "groups": ["wholesale"],
        },
        "answers": 1,
    }
    assert (await running.admin.get("/traffic")).status_code == 401


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_a_file_that_tells_of_no_traffic_is_refused(text: str | None, tmp_path: Path) -> None:
    saved = tmp_path / "traffic.json"
    if text is not None:
        saved.write_text(text)
    with pytest.raises(DocumentError, match="save what GET /traffic of the admin port answers"):
        blast.read_traffic(saved)


def test_machines_are_told_the_same() -> None:
    told = Blast([], impacts=[]).as_json()
    assert told == {
        "changes": [],
        "answers": None,
        "touched": None,
        "limit": 1.0,
        "refusals": [],
        "notes": [],
    }
