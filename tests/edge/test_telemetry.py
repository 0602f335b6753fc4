import pytest
from prometheus_client import CollectorRegistry

from proxy import __version__
from proxy.edge.telemetry import Durations, Metrics


class TestMetrics:
    def test_every_name_begins_alike_and_has_a_help_text(self) -> None:
        for family in Metrics().registry.collect():
            assert family.name.startswith("decision_proxy_")
            assert family.documentation.endswith(".")

    def test_the_version_is_told(self) -> None:
        line = f'decision_proxy_info{{version="{__version__}"}} 1.0'
        assert line in Metrics().render().decode().splitlines()

    def test_calls_are_counted_by_upstream_and_outcome(self) -> None:
        metrics = Metrics()
        metrics.observe_upstream("cdp", "200", 0.02)
        metrics.observe_upstream("cdp", "upstream-timeout", 5.0)
        text = metrics.render().decode()
        assert 'upstream_seconds_count{outcome="200",upstream="cdp"} 1.0' in text
        assert 'upstream_seconds_sum{outcome="upstream-timeout",upstream="cdp"} 5.0' in text

    @pytest.mark.parametrize("seconds", [0.0, 0.0005, 0.0006, 5.0, 99.0])
    def test_a_duration_is_told_as_prometheus_itself_would(self, seconds: float) -> None:
        ours, theirs = (
            Durations("x", "", buckets=(0.0005, 5.0), registry=CollectorRegistry())
            for _ in range(2)
        )
        ours.note(seconds)
        theirs.observe(seconds)
        assert _told(ours) == _told(theirs)

    def test_two_gateways_in_one_process_do_not_meet(self) -> None:
        first, second = Metrics(), Metrics()
        first.observe_upstream("cdp", "200", 0.02)
        assert "cdp" not in second.render().decode()


def _told(one: Durations) -> list[tuple[str, float]]:
    return [(s.name, s.value) for s in one._child_samples() if s.name != "_created"]
