"""Any valid file does what a naive reading of it says; explained as it is lived."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.choose import choose
from proxy.core.diff import compare
from proxy.core.explain import explain
from proxy.core.query import targets
from proxy.core.rules import load
from proxy.model import Asked, Facts, ListQuery, Profile
from tests.answers import caches, personalization
from tests.conftest import StartGateway
from tests.core.making import NOON, decided
from tests.emulators import Cdp, OrderCloud
from tests.properties.rulebook import Visit, make_file, make_visit, rule_for, written

LIVE_FILES = 60

randoms = st.randoms(use_true_random=False)


def facts_of(visit: Visit) -> Facts:
    profile = None if visit.buyer is None else Profile(visit.buyer, "user")
    groups = None if visit.groups is None else frozenset(visit.groups)
    return Facts(NOON, visit.anonymous, profile, groups)


@settings(deadline=None, max_examples=200)
@given(randoms)
def test_matching_equals_a_naive_reading_and_is_explained_alike(random: Random) -> None:
    file, visit = make_file(random), make_visit(random)
    where = load(written(file), "slot.yaml")
    facts, asked = facts_of(visit), Asked(query=visit.request)
    choice = choose(where, decided({**visit.output}), asked, facts)
    assert choice.rule == rule_for(file, visit)
    explained = explain(where, {**visit.output}, facts, asked, base_url="")
    assert (explained.rule, explained.segment, explained.reason) == (
        choice.rule,
        choice.segment,
        choice.reason,
    )
    assert isinstance(choice.then, ListQuery)
    assert explained.requests == targets(choice.then)
    applied = [one.rule for one in explained.considered if one.why_not is None]
    assert applied == ([] if choice.rule == "default" else [choice.rule])


@settings(deadline=None, max_examples=50)
@given(randoms)
def test_a_set_of_rules_never_differs_from_itself(random: Random) -> None:
    file = make_file(random)
    before, after = ({"slot": load(written(file), "slot.yaml")} for _ in "ab")
    assert compare(before, after, NOON) == []


PEOPLE = {
    None: (Profile("acme", "guest"), frozenset[str]()),
    "alice": (Profile("acme", "alice"), frozenset({"vip"})),
    "bob": (Profile("acme", "bob"), frozenset({"wholesale"})),
    "carol": (Profile("globex", "carol"), frozenset[str]()),
}


async def test_the_live_answer_is_what_is_explained(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    random = Random(2026)  # noqa: S311 - the same files in each run
    files = [make_file(random, f"slot-{number}") for number in range(LIVE_FILES)]
    shop = await gateway({f"{file['placement']}.yaml": written(file) for file in files})
    for file in files:
        name = file["placement"]
        where = load(written(file), f"{name}.yaml")
        visit, user = make_visit(random), random.choice([*PEOPLE])
        await cdp.decide(name.replace("-", "_"), visit.output)
        device = f"?device={visit.request['device']}" if visit.request else ""
        answer = await shop.get(f"/placements/{name}{device}", await ordercloud.token(user))
        facts = Facts(NOON, user is None, *PEOPLE[user])
        asked = Asked(query=visit.request)
        explained = explain(where, visit.output, facts, asked, base_url="")
        assert personalization(answer)["rule"] == explained.rule
        asked_for = (await ordercloud.lists())[-1]
        assert asked_for in explained.requests or caches(answer)["page"] == "hit"
