"""The load: requests as a browser sends them, and the outcome as wrk's script tells it."""

from pathlib import Path

import pytest

from benchmarks import comparing, load
from benchmarks.load import Load

_PRINTED = """Running 1s test @ http://127.0.0.1:1
JSON {"requests": 300, "seconds": 1.5, "p50_ms": 0.5, "p99_ms": 2.5, "errors": 1}
"""


def test_what_the_script_printed_is_read() -> None:
    outcome = load.parse(_PRINTED, 0.25)
    assert (outcome.requests, outcome.per_second, outcome.errors) == (300, 200.0, 1)
    assert (outcome.p50_ms, outcome.p99_ms, outcome.cpu_s) == (0.5, 2.5, 0.25)


def test_a_request_is_whole_and_its_holder_s() -> None:
    request = load.request("/placements/a", "t.o.k", ["X-Browser-Id: b"])
    head, end, rest = request.partition("\r\n\r\n")
    assert (end, rest) == ("\r\n\r\n", "")
    assert head.startswith("GET /placements/a HTTP/1.1\r\nHost: ")
    assert head.endswith("\r\nAuthorization: Bearer t.o.k\r\nX-Browser-Id: b")


def test_requests_are_kept_apart_in_their_file(tmp_path: Path) -> None:
    requests = [load.request(f"/{number}", "t.o.k") for number in range(3)]
    file = load.write(tmp_path / "requests", requests)
    assert file.read_bytes().decode().split("\0") == requests


@pytest.mark.parametrize(
    ("per_second", "rest_ms"), [(1_000.0, 32.0), (64_000.0, 0.5), (0.0, 3.2e4)]
)
def test_connections_rest_so_that_all_make_the_rate(per_second: float, rest_ms: float) -> None:
    sent = Load(Path("requests"), connections=32, seconds=1)
    assert comparing.at_rate(sent, per_second).rest_ms == rest_ms
