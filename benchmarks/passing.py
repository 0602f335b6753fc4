"""Calls passed through, next to other reverse proxies; and 100 MB in constant memory."""

from collections.abc import Iterator
from urllib.request import Request, urlopen

from benchmarks import comparing, stage
from benchmarks.load import Load
from benchmarks.peers import catalogue
from benchmarks.processes import Program
from benchmarks.results import Fact, Measured
from benchmarks.stage import Stage

PEERS = (
    catalogue.GATEWAY,
    catalogue.AIOHTTP_PROXY,
    catalogue.NODE_PROXY,
    catalogue.FASTIFY_PROXY,
    catalogue.NGINX,
)
_SIZES = {"4 KB": "/v1/orders/4k-1", "24 KB": "/v1/orders/24k-1"}
_CONNECTIONS = 32
_CHUNK_BYTES = 1024 * 1024
_GROWTH_MAX_MB = 16


def measure(on: Stage) -> Iterator[Measured]:
    """Give the rows of both sizes, and what a long answer takes."""
    with stage.running(on, PEERS) as programs:
        bench = comparing.Bench(on, programs)
        for size, target in _SIZES.items():
            stage.compare(on, PEERS, target)
            sent = Load(on.file(f"passing-{size}", [target]), _CONNECTIONS, on.extent.seconds)
            yield from comparing.rows(
                f"{size}, {_CONNECTIONS} connections", bench.saturate(PEERS, sent)
            )
        yield _growth(on, programs[catalogue.GATEWAY.name])


def _growth(on: Stage, gateway: Program) -> Fact:
    """Download 100 MB through the gateway, and see how far its memory rises."""
    before = gateway.peak_mb()
    bearer = on.shoppers.bearers[0]
    asked = Request(
        f"{catalogue.GATEWAY.url}/v1/big", headers={"Authorization": f"Bearer {bearer}"}
    )
    with urlopen(asked) as answer:
        while answer.read(_CHUNK_BYTES):
            pass
    return Fact("memory that 100 MB take", gateway.peak_mb() - before, "MB", _GROWTH_MAX_MB)
