"""What choosing costs as rules grow in number: time per choice, and memory per rule.

`python -m benchmarks.rules` prints medians, each of the best of several rounds that go through all
sizes in turn: what else the machine does only adds. Rules are spread over shoppers in three ways:
a segment of its own for each; ten segments, told apart by buyer; and the first of these with a
handful of rules before it that hold for anybody with an offer. Beside the first stand a scan of all
rules, and zen-engine (PyPI), with the same rules as the rows of one decision table.
"""

import json
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import zen

from proxy.core.choose import choose, circumstances
from proxy.core.conditions import All, AnyOf, Condition, Has, texts_of
from proxy.core.forms import read_pick
from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.core.when import BUYER, SEGMENT
from proxy.model import Asked, Decision, Facts, Freshness, Json, Profile, Reason

SIZES = (10, 100, 1_000, 10_000, 100_000)
CHOICES = 2_000
ROUNDS = 7
SLOW_CHOICES = 30
"""How often what looks at every rule is timed."""

LOADED = 10_000

_FILE = """
placement: slot
resource: me/products
decision: {{flow: hero, segment: persona}}
rules:
{rules}
default: {{query: {{categoryID: featured}}}}
"""
_RULE = "  - {{name: r{0}, when: {{segment: s{0}}}, query: {{categoryID: c{0}, pageSize: 8}}}}"

Situation = tuple[Decision, Asked, Facts]


def by_segment(number: int, _: int) -> Condition:
    """Make a rule for a segment of its own."""
    return AnyOf(SEGMENT, frozenset({f"s{number}"}))


def by_buyer(number: int, _: int) -> Condition:
    """Make a rule for one of ten segments, and a buyer of its own."""
    segment = AnyOf(SEGMENT, frozenset({f"t{number % 10}"}))
    return All((segment, AnyOf(BUYER, frozenset({f"b{number}"}))))


def after_open_rules(number: int, count: int) -> Condition:
    """Make every so many-th rule one that anybody may meet: five in all."""
    if number % (count // 5) == 0:
        return Has(read_pick("offer", ()))
    return by_segment(number, count)


KINDS: dict[str, Callable[[int, int], Condition]] = {
    "a segment each": by_segment,
    "segment and buyer": by_buyer,
    "five open rules among them": after_open_rules,
}


def make(count: int, kind: Callable[[int, int], Condition]) -> Placement:
    """Return a placement of *count* rules."""
    placement = load(_FILE.format(rules=_RULE.format(0)), "rules/slot.yaml")
    (rule,) = placement.rules
    rules = (replace(rule, name=f"r{n}", when=kind(n, count)) for n in range(count))
    return replace(placement, rules=tuple(rules))


def situations(count: int) -> list[Situation]:
    """Return shoppers, each of whom one of *count* rules is for."""
    numbers = random.Random(0).choices(range(count), k=CHOICES)  # noqa: S311 - the same each run
    return [_situation(number) for number in numbers]


def _situation(number: int) -> Situation:
    output: Json = {"persona": [f"s{number}", f"t{number % 10}"]}
    decision = Decision(output, Reason.MATCHED, Freshness.FRESH)
    profile = Profile(f"b{number}", "user")
    return decision, Asked(), Facts(datetime.now(UTC), is_anonymous=False, profile=profile)


def find(placement: Placement, shopper: Situation) -> str:
    """Choose as the gateway does."""
    return choose(placement, *shopper).rule


def scan(placement: Placement, shopper: Situation) -> str:
    """Choose as one would without an index."""
    now = circumstances(placement, *shopper)
    return next(rule.name for rule in placement.rules if rule.why_not(now) is None)


def table(count: int) -> zen.ZenDecision:
    """Return *count* rules, one for each segment, as zen-engine's decision table."""
    rows = [{"_id": f"{n}", "in": f'"s{n}"', "out": f'"r{n}"'} for n in range(count)]
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": "in", "name": "segment", "field": "segment"}],
        "outputs": [{"id": "out", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "from", "type": "inputNode", "name": "from"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
        {"id": "to", "type": "outputNode", "name": "to"},
    ]
    edges = [
        {"id": "1", "sourceId": "from", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "to", "type": "edge"},
    ]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


def measured(how: Callable[[Situation], object], shoppers: Sequence[Situation]) -> float:
    """Return the median microseconds of one choice for each of *shoppers*."""
    times = []
    for shopper in shoppers:
        started = time.perf_counter_ns()
        how(shopper)
        times.append(time.perf_counter_ns() - started)
    return statistics.median(times) / 1000


def found(kind: Callable[[int, int], Condition]) -> list[float]:
    """Measure the gateway's own way, with rules in each of the sizes."""
    ways = [partial(find, make(count, kind).prepared()) for count in SIZES]
    shoppers = [situations(count) for count in SIZES]
    rounds = [list(map(measured, ways, shoppers)) for _ in range(ROUNDS)]
    return [min(of_size) for of_size in zip(*rounds, strict=True)]


def scanned(count: int) -> float:
    """Measure how long it takes to look at one rule after the other."""
    return measured(partial(scan, make(count, by_segment)), situations(count)[:SLOW_CHOICES])


def evaluated(count: int) -> float:
    """Measure zen-engine."""
    decision = table(count)

    def evaluate(shopper: Situation) -> object:
        output = shopper[0].output
        assert isinstance(output, dict)
        return decision.evaluate({"segment": texts_of(output["persona"])[0]})

    return measured(evaluate, situations(count)[:SLOW_CHOICES])


def bytes_per_rule() -> float:
    """Return the memory of a rule, loaded from YAML and indexed."""
    text = _FILE.format(rules="\n".join(map(_RULE.format, range(LOADED))))
    tracemalloc.start()
    placement = load(text, "rules/slot.yaml")
    find(placement, _situation(0))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / LOADED


def report() -> Iterator[str]:
    """Measure, and give a table line by line."""
    yield f"{'microseconds per choice, rules:':32}" + "".join(f"{n:>10,}" for n in SIZES)
    for name, kind in KINDS.items():
        medians = found(kind)
        yield f"{name:32}{_row(medians)}   x{medians[-1] / medians[0]:.2f}"
    yield f"{'a segment each, all scanned':32}{_row([*map(scanned, SIZES)])}"
    yield f"{'a segment each, zen-engine':32}{_row([*map(evaluated, SIZES)])}"
    yield f"bytes per rule: {bytes_per_rule():,.0f}"


def _row(medians: Sequence[float]) -> str:
    return "".join(f"{median:10,.1f}" for median in medians)


if __name__ == "__main__":
    for line in report():
        print(line)
