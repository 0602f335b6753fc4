"""How experiments deal shoppers out: by weight, for good, each experiment for itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.experiment import HOLDOUT, Experiment
from proxy.model import ListQuery, Reason
from tests.answers import personalization
from tests.conftest import StartGateway
from tests.core.making import chosen, mistakes, slot
from tests.emulators import OrderCloud
from tests.servers import Gateway

SHOPPERS = [f"shopper-{i}" for i in range(100_000)]
CHI_SQUARE = {1: 10.83, 2: 13.82, 3: 16.27}
"""What is exceeded by chance once in a thousand times, by degrees of freedom."""


def dealt(
    weights: Mapping[str, float],
    salt: str = "salt",
    holdout: float = 0,
    shoppers: Sequence[str] = SHOPPERS,
) -> list[str]:
    """Return each shopper's variant."""
    experiment = Experiment(salt, weights, holdout)
    return [experiment.assign(who) for who in shoppers]


def chi_square(found: Mapping[str, int], expected: Mapping[str, float]) -> float:
    return sum((found.get(name, 0) - count) ** 2 / count for name, count in expected.items())


@pytest.mark.parametrize("salt", ["home/sort-test", "2026"])
@pytest.mark.parametrize(
    "weights",
    [
        {"a": 50, "b": 50},
        {"a": 1, "b": 1, "c": 1, "d": 1},
        {"a": 90, "b": 10},
        {"a": 0.5, "b": 99.5},
        {"a": 60, "b": 30, "c": 10},
    ],
    ids=str,
)
def test_shoppers_are_split_by_weight(weights: dict[str, float], salt: str) -> None:
    whole = sum(weights.values())
    expected = {name: weight / whole * len(SHOPPERS) for name, weight in weights.items()}
    found = Counter(dealt(weights, salt))
    assert chi_square(found, expected) < CHI_SQUARE[len(weights) - 1]


@pytest.mark.parametrize("holdout", [0.01, 0.1, 0.5])
def test_the_holdout_has_its_share_and_leaves_the_split_as_it_is(holdout: float) -> None:
    expected = {HOLDOUT: holdout, "a": (1 - holdout) * 0.75, "b": (1 - holdout) * 0.25}
    found = Counter(dealt({"a": 3, "b": 1}, holdout=holdout))
    counts = {name: share * len(SHOPPERS) for name, share in expected.items()}
    assert chi_square(found, counts) < CHI_SQUARE[2]


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, {"a"}), (1.0, {HOLDOUT})])
def test_nobody_or_everybody_is_held_out(ratio: float, expected: set[str]) -> None:
    assert set(dealt({"a": 1}, holdout=ratio, shoppers=SHOPPERS[:1000])) == expected


def test_what_one_experiment_gives_says_nothing_about_another() -> None:
    first, second = dealt({"a": 1, "b": 1}, "first"), dealt({"a": 1, "b": 1}, "second")
    pairs = Counter(x + y for x, y in zip(first, second, strict=True))
    margins = Counter(first), Counter(second)
    expected = {x + y: margins[0][x] * margins[1][y] / len(SHOPPERS) for x in "ab" for y in "ab"}
    assert chi_square(pairs, expected) < CHI_SQUARE[1]


def test_a_weight_of_nothing_gets_nobody() -> None:
    assert set(dealt({"a": 0, "b": 1, "c": 0}, shoppers=SHOPPERS[:10_000])) == {"b"}


def test_ramping_up_moves_only_the_shoppers_that_it_needs() -> None:
    steps = [dealt({"old": 100 - percent, "new": percent}) for percent in (10, 20, 50)]
    for before, after in pairwise(steps):
        moves = Counter((x, y) for x, y in zip(before, after, strict=True) if x != y)
        assert set(moves) == {("old", "new")}
    shares = [Counter(step)["new"] / len(SHOPPERS) for step in steps]
    assert shares == pytest.approx([0.1, 0.2, 0.5], abs=0.005)


names = st.sampled_from(["a", "b", "c", "d"])
weightings = st.dictionaries(names, st.integers(1, 100), min_size=2)
crowds = st.lists(st.text(), min_size=1, max_size=30, unique=True)


@settings(deadline=None)
@given(weightings, names, st.integers(0, 200), crowds, st.text(max_size=5))
def test_nobody_moves_between_variants_whose_weights_stay(
    weights: dict[str, int], changed: str, weight: int, shoppers: list[str], salt: str
) -> None:
    before = dealt(weights, salt, shoppers=shoppers)
    after = dealt({**weights, changed: weight}, salt, shoppers=shoppers)
    for old, new in zip(before, after, strict=True):
        assert old == new or changed in {old, new}


@settings(deadline=None)
@given(weightings, names, crowds)
def test_growing_a_variant_takes_nobody_out_of_it(
    weights: dict[str, int], grown: str, shoppers: list[str]
) -> None:
    before = dealt(weights, shoppers=shoppers)
    after = dealt({**weights, grown: 1000}, shoppers=shoppers)
    assert all(new == grown for old, new in zip(before, after, strict=True) if old == grown)


@settings(deadline=None)
@given(weightings, st.floats(0, 1), st.floats(0, 1), crowds)
def test_another_holdout_moves_nobody_between_variants(
    weights: dict[str, int], less: float, more: float, shoppers: list[str]
) -> None:
    less, more = sorted((less, more))
    before = dealt(weights, holdout=less, shoppers=shoppers)
    after = dealt(weights, holdout=more, shoppers=shoppers)
    assert all(new in {old, HOLDOUT} for old, new in zip(before, after, strict=True))


def test_another_salt_deals_everybody_out_anew() -> None:
    before, after = dealt({"a": 1, "b": 1}, "spring"), dealt({"a": 1, "b": 1}, "autumn")
    moved = sum(x != y for x, y in zip(before, after, strict=True)) / len(SHOPPERS)
    assert moved == pytest.approx(0.5, abs=0.01)


def test_the_salt_is_placement_and_rule_unless_the_file_says() -> None:
    variants = "variants: {a: {query: {}}, b: {query: {}}}"
    named, salted = (
        chosen_salt(f"[{{name: test, when: {{has: on}}, experiment: {experiment}, {variants}}}]")
        for experiment in ("{split: {a: 1, b: 1}}", "{split: {a: 1, b: 1}, salt: other}")
    )
    assert (named, salted) == ("slot/test", "other")


def chosen_salt(rules: str) -> str:
    (rule,) = slot(rules).rules
    return rule.then.experiment.salt  # type: ignore[union-attr] # the file says so


def test_who_is_held_out_sees_the_default_and_is_told_so() -> None:
    where = slot(
        "[{name: test, when: {has: on}, experiment: {split: {a: 1}, holdout: 100}, "
        "variants: {a: {query: {categoryID: a}}}}]",
        default="{query: {categoryID: featured}}",
    )
    choice = chosen(where, {"on": True, "persona": "vip"})
    assert (choice.rule, choice.variant, choice.reason) == ("test", HOLDOUT, Reason.HOLDOUT)
    assert choice.segment == "vip"
    assert choice.then == ListQuery("me/products", (("categoryID", "featured"),))


@pytest.mark.parametrize(
    ("experiment", "variants", "found"),
    [
        ("{split: {a: 1, b: 1}}", "{a: {query: {}}}", "'b' has to stand in both"),
        ("{split: {a: 1}}", "{a: {query: {}}, b: {query: {}}}", "'b' has to stand in both"),
        ("{split: {a: 0}}", "{a: {query: {}}}", "no variant has a weight"),
        ("{split: {a: -1}}", "{a: {query: {}}}", "greater than or equal to 0"),
        ("{split: {a: 1}, holdout: 101}", "{a: {query: {}}}", "less than or equal to 100"),
        ("{split: {}}", "{a: {query: {}}}", "at least 1"),
        ("{split: {holdout: 1}}", "{holdout: {query: {}}}", "'holdout' is the name of those who"),
        ("{split: {a: 1}}", "{a: {query: {Colour: red}}}", "no field 'Colour'"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused(
    experiment: str, variants: str, found: str
) -> None:
    rule = f"{{name: r, when: {{has: on}}, experiment: {experiment}, variants: {variants}}}"
    text = f"placement: p\nresource: me/products\nrules: [{rule}]\ndefault: {{query: {{}}}}\n"
    assert found in "\n".join(mistakes(text))


TEST = """
placement: test
resource: me/products
rules:
  - name: by-name
    when: {anonymous: [ANONYMOUS]}
    experiment: {split: {a: 50, b: 50}, holdout: [HOLDOUT]}
    variants:
      a: {query: {sortBy: Name}}
      b: {query: {sortBy: "!Name"}}
default: {query: {}}
"""


def file(*, anonymous: bool, holdout: int) -> dict[str, str]:
    text = TEST.replace("[ANONYMOUS]", str(anonymous).lower())
    return {"test.yaml": text.replace("[HOLDOUT]", str(holdout))}


class TestThroughTheGateway:
    async def variant(self, shop: Gateway, token: str, browser_id: str) -> str:
        answer = await shop.get(f"/placements/test?browserId={browser_id}", token)
        return personalization(answer)["variant"]

    async def test_a_shopper_who_logged_in_has_one_variant_on_every_device(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(file(anonymous=False, holdout=0))
        tokens = [await ordercloud.token("alice"), await ordercloud.token("alice")]
        seen = {
            await self.variant(shop, token, f"browser-{i}") for i in range(10) for token in tokens
        }
        assert len(seen) == 1

    async def test_an_anonymous_shopper_keeps_the_browsers_variant_with_a_new_token(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(file(anonymous=True, holdout=0))
        tokens = [await ordercloud.token(), await ordercloud.token()]
        seen = [{await self.variant(shop, t, f"b{i}") for t in tokens} for i in range(20)]
        assert {"a"} in seen
        assert {"b"} in seen
        assert all(len(variants) == 1 for variants in seen)

    async def test_the_header_names_the_variant_and_its_list_is_asked_for(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(file(anonymous=False, holdout=0))
        answer = await shop.get("/placements/test", await ordercloud.token("alice"))
        said = personalization(answer)
        assert (said["rule"], said["reason"]) == ("by-name", "matched")
        sort = {"a": "Name", "b": "!Name"}[said["variant"]]
        assert await ordercloud.lists() == [f"/v1/me/products?sortBy={sort}"]

    async def test_the_header_names_the_holdout_who_see_the_default(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(file(anonymous=False, holdout=100))
        answer = await shop.get("/placements/test", await ordercloud.token("alice"))
        said = personalization(answer)
        assert (said["rule"], said["variant"], said["reason"]) == ("by-name", "holdout", "holdout")
        assert await ordercloud.lists() == ["/v1/me/products"]
