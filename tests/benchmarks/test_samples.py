"""What is made of many samples: the least disturbed, in turn, by medians."""

from collections.abc import Iterator

from benchmarks import samples
from benchmarks.samples import Sample


def _sample(cpu_us: float, *, foreign: float = 0.0) -> Sample:
    return Sample(1e6 / cpu_us, cpu_us, 1.0, 2.0, 0, foreign)


def test_the_first_sample_that_nobody_disturbed_is_taken() -> None:
    taken: list[Sample] = []

    def tries() -> Iterator[Sample]:
        for foreign in (0.5, 0.01, 0.0):
            taken.append(_sample(10.0, foreign=foreign))
            yield taken[-1]

    assert samples.least_disturbed(tries()).foreign == 0.01
    assert len(taken) == 2


def test_where_all_were_disturbed_the_least_disturbed_is_taken_and_says_so() -> None:
    tries = [_sample(10.0, foreign=foreign) for foreign in (0.5, 0.2, 0.3)]
    assert samples.least_disturbed(tries).foreign == 0.2


def test_peers_take_turns_and_each_number_is_a_median() -> None:
    turns: list[str] = []

    def taker(name: str, numbers: list[float]) -> Sample:
        turns.append(name)
        return _sample(numbers.pop())

    left = {"a": [9.0, 1.0, 2.0], "b": [5.0, 5.0, 5.0]}
    medians = samples.interleaved(
        {"a": lambda: taker("a", left["a"]), "b": lambda: taker("b", left["b"])}, rounds=3
    )
    assert turns == ["a", "b"] * 3
    assert medians["a"].cpu_us == 2.0
    assert medians["a"].per_second == 500_000
