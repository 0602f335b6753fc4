"""Replicas that hear of purges late, by a model: nobody serves what they know to be over.

Writes happen at OrderCloud; the replica that is told of one purges and tells the others through the
stream, whose records each hears in their order, at some time. Answers go from replica to replica
meanwhile, and fetches are under way.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from proxy.cache.journal import Journal, Journals
from proxy.core import positions, tags
from proxy.core.entry import Entry
from proxy.core.freshness import State

REPLICAS = st.integers(0, 1)
PRODUCTS = st.sampled_from(["p1", "p2"])


@dataclass(frozen=True)
class Seen:
    """What an answer shows: which writes of a product it came after."""

    product: str
    writes: int


@dataclass
class Purge:
    tags: tuple[str, ...]
    hard: bool
    product: str
    writes: int


@dataclass
class Replica:
    """One replica: its journals, what it knows of and has yet to tell, and how far it has heard."""

    journals: Journals = field(default_factory=lambda: Journals(Journal(), Journal(), Journal()))
    untold: list[Purge] = field(default_factory=list)
    unheard: list[Purge] = field(default_factory=list)
    """Its own that have not come back, told or not."""
    heard: int = 0
    knows: dict[str, int] = field(default_factory=dict)
    """Of each product the last write that it was told to purge for, hard."""
    kept: dict[str, Entry[Seen]] = field(default_factory=dict)

    def note(self, purge: Purge, position: int) -> None:
        self.journals.note(purge.tags, position, hard=purge.hard)
        if purge.hard:
            self.knows[purge.product] = max(self.knows.get(purge.product, 0), purge.writes)

    def hear(self, purge: Purge, position: int) -> None:
        """Note it, and behind it what is not known to who told it."""
        self.note(purge, position)
        self.heard += 1
        if purge in self.unheard:
            self.unheard.remove(purge)
        for place, hard in enumerate((True, False), start=1):
            own = [tag for one in self.unheard if one.hard is hard for tag in one.tags]
            if own:
                self.journals.note(own, position + place, hard=hard)

    def may_take(self, entry: Entry[Seen]) -> bool:
        pages = self.journals.pages
        return entry.born <= pages.heard and pages.check(entry) is State.FRESH


class ReplicasAgainstModel(RuleBasedStateMachine):
    """Fetches, writes, purges and hearing in any order."""

    fetches = Bundle("fetches")

    @initialize()
    def start(self) -> None:
        self.replicas = [Replica(), Replica()]
        self.writes: dict[str, int] = {}
        self.stream: list[tuple[int, Purge]] = []
        self.last_id = (1_000, 0)
        self.shared: dict[str, Entry[Seen]] = {}

    @rule(which=REPLICAS, product=PRODUCTS, hard=st.booleans())
    def write(self, which: int, product: str, *, hard: bool) -> None:
        self.writes[product] = self.writes.get(product, 0) + 1
        replica = self.replicas[which]
        purge = Purge((f"product:{product}",), hard, product, self.writes[product])
        replica.note(purge, replica.journals.position + 1)
        replica.untold.append(purge)
        replica.unheard.append(purge)

    @rule(which=REPLICAS, later_ms=st.integers(0, 2))
    def tell(self, which: int, later_ms: int) -> None:
        replica = self.replicas[which]
        if replica.untold:
            ms, sequence = self.last_id
            self.last_id = (ms + later_ms, 0) if later_ms else (ms, sequence + 1)
            position = positions.of_record(f"{self.last_id[0]}-{self.last_id[1]}")
            self.stream.append((position, replica.untold.pop(0)))

    @rule(which=REPLICAS, records=st.integers(1, 3))
    def hear(self, which: int, records: int) -> None:
        replica = self.replicas[which]
        for position, purge in self.stream[replica.heard : replica.heard + records]:
            replica.hear(purge, position)

    @rule(target=fetches, which=REPLICAS, product=PRODUCTS)
    def begin(self, which: int, product: str) -> tuple[Replica, Entry[Seen]]:
        replica = self.replicas[which]
        seen = Seen(product, self.writes.get(product, 0))
        return replica, _entry(seen, replica.journals.pages.position)

    @rule(fetched=consumes(fetches))
    def end(self, fetched: tuple[Replica, Entry[Seen]]) -> None:
        replica, entry = fetched
        product = entry.value.product
        replica.kept[product] = entry
        self.shared[product] = _entry(entry.value, positions.known_to_all(entry.born))

    @rule(which=REPLICAS, product=PRODUCTS)
    def take(self, which: int, product: str) -> None:
        entry = self.shared.get(product)
        replica = self.replicas[which]
        if entry and replica.may_take(theirs := _entry(entry.value, entry.born)):
            replica.kept[product] = theirs

    @invariant()
    def nobody_serves_what_they_know_to_be_over(self) -> None:
        for replica in self.replicas:
            for product, entry in replica.kept.items():
                if replica.journals.pages.check(entry) is not State.EXPIRED:
                    assert entry.value.writes >= replica.knows.get(product, 0)


def _entry(seen: Seen, born: int) -> Entry[Seen]:
    packed = tags.pack([f"product:{seen.product}"])
    return Entry(seen, 0.0, tags=packed, born=born, seen=born)


TestReplicasAgainstModel = ReplicasAgainstModel.TestCase
TestReplicasAgainstModel.settings = settings(max_examples=150, deadline=None)
