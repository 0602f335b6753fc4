"""docs/cache.md says what is shared, purged and stands in, as the code has it."""

from proxy.audit import Outcome
from proxy.cache.purges import Purger
from proxy.core import tags
from proxy.core.scope import Sharing
from proxy.core.writes import WRITES
from proxy.model import Rung
from tests.docs.pages import code, codes, page

PAGE = page("cache.md")


def test_every_write_is_listed_with_what_it_purges() -> None:
    rows = PAGE.section("When OrderCloud is written to").table("written", "hard", "soft").rows
    listed = [(what, codes(hard), codes(soft), soft.endswith("⁺")) for what, hard, soft in rows]
    assert listed == [(one.what, [*one.things], [*one.lists], one.hides) for one in WRITES]


def test_every_write_is_listed_with_its_calls() -> None:
    (block,) = PAGE.section("The calls").blocks("text")
    assert block.splitlines() == [
        line for one in WRITES for line in (one.what, *(f"    {call}" for call in one.calls))
    ]


def test_every_kind_of_tag_is_explained() -> None:
    rows = PAGE.section("What is purged").table("tag", "what has it").rows
    named = {tags.kind_of(word) for row in rows for word in codes(row[0])}
    assert named == {*tags.KINDS, tags.ALL}


def test_who_purges_is_told_in_the_words_of_the_metric() -> None:
    rows = page("metrics.md").table("metric", "labels").rows
    (row,) = (row for row in rows if "decision_proxy_purges_total" in row[0])
    assert {*map(str, Purger)} <= {*codes(row[2])}


def test_every_way_to_share_is_explained() -> None:
    rows = PAGE.section("Who shares with whom").tables()[0].rows
    assert [codes(row[0])[0] for row in rows] == list(Sharing)


def test_every_outcome_of_an_audit_is_explained() -> None:
    rows = PAGE.section("Sharing is audited").table("outcome").rows
    assert [code(row[0]) for row in rows] == list(Outcome)


def test_every_rung_is_explained_in_their_order() -> None:
    rows = PAGE.section("Never empty").table("`rung`").rows
    assert [code(row[0]) for row in rows] == list(Rung)
