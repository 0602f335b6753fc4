"""What a placement would show: which rule, and the list that a test shopper sees."""

from pathlib import Path

import msgspec
import pytest

from proxy.core.choose import Listed
from proxy.core.given import Given
from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.errors import RequestError
from proxy.model import Json, ListQuery, Page
from proxy.preview import Look, preview

_OC = "https://oc.test"
_RULES = """placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - {name: vips, when: {segment: vip}, query: {categoryID: watches}}
  - {name: model, when: {has: found}, page: {from: found}}
default: {query: {categoryID: new}}
"""


class Window:
    """Shows one product, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Listed, Given]] = []

    async def look(self, then: Listed, given: Given) -> Look:
        self.asked.append((then, given))
        return Look(Page(b'{"Meta":{},"Items":[{"ID":"p1"}]}', '"1"', 1), "alice")


@pytest.fixture
def placement() -> Placement:
    return load(_RULES, "hero.yaml")


@pytest.fixture
def window() -> Window:
    return Window()


async def test_it_is_explained_and_looked_at(placement: Placement, window: Window) -> None:
    given = Given(segments=("vip",))
    shown = await preview(placement, given, window, base_url=_OC)
    told = msgspec.json.decode(msgspec.json.encode(shown.as_json()))
    assert (told["rule"], told["shopper"], told["why_not"]) == ("vips", "alice", None)
    assert told["requests"] == [f"{_OC}/v1/me/products?categoryID=watches"]
    assert told["page"]["Items"] == [{"ID": "p1"}]
    ((then, whose),) = window.asked
    assert then == ListQuery("me/products", (("categoryID", "watches"),))
    assert whose is given


async def test_a_list_in_the_decision_needs_nobody_to_look(
    placement: Placement, window: Window
) -> None:
    output: Json = {"found": {"Items": [{"ID": "p7"}]}}
    shown = await preview(placement, Given(output=output), window, base_url=_OC)
    assert shown.look.page
    assert msgspec.json.decode(shown.look.page.body)["Items"] == [{"ID": "p7"}]
    assert (shown.explanation.rule, window.asked) == ("model", [])


async def test_a_decision_that_holds_none_says_so(placement: Placement, window: Window) -> None:
    shown = await preview(placement, Given(output={"found": 7}), window, base_url=_OC)
    assert shown.look.page is None
    assert "no list" in shown.look.why_not


async def test_each_variant_of_an_experiment_can_be_seen(window: Window) -> None:
    split = """experiment: {split: {a: 50, b: 50}, holdout: 10}
    variants: {a: {query: {categoryID: one}}, b: {query: {categoryID: two}}}"""
    rules = _RULES.replace(
        "  - {name: vips, when: {segment: vip}, query: {categoryID: watches}}",
        f"  - name: vips\n    when: {{segment: vip}}\n    {split}",
    )
    placement = load(rules, "hero.yaml")
    seen = {}
    for variant in ("a", "b", "holdout", "unknown"):
        shown = await preview(
            placement, Given(segments=("vip",)), window, base_url=_OC, variant=variant
        )
        assert shown.variants == ("a", "b", "holdout")
        seen[shown.explanation.variant] = shown.explanation.requests[0].rpartition("=")[2]
    assert seen == {"a": "one", "b": "two", "holdout": "new"}
    shown = await preview(placement, Given(), window, base_url=_OC, variant="b")
    assert (shown.variants, shown.explanation.variant) == ((), None)


async def test_segments_that_stand_nowhere_are_refused(tmp_path: Path, window: Window) -> None:
    clever = _RULES.replace("segment: persona", 'segment: "personas[?best].name | [0]"')
    placement = load(clever, str(tmp_path / "hero.yaml"))
    with pytest.raises(RequestError, match="give the output instead"):
        await preview(placement, Given(segments=("vip",)), window, base_url=_OC)
