"""What Redis costs a miss: CPU per look-up, and how long a request waits for it while it hangs.

`python -m benchmarks.shared` starts a Redis of its own and prints a table, in microseconds of this
process's CPU time, and the waits of a load during ten seconds in which Redis does not answer.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import uvloop

from proxy.core.entry import Entry
from proxy.core.keys import Key, key_of
from proxy.edge.codec import PAGES
from proxy.edge.redis import Redis, connected
from proxy.edge.shared import Shared
from proxy.errors import RedisAway
from proxy.model import Page
from proxy.sections import Redis as RedisConfig

TOGETHER = (1, 32, 128)
ROUNDS = 5
LOOKUPS = 5_000
KEYS = [key_of("page", number) for number in range(1_000)]
SIZES = (4_096, 24_576)
HANGS_S = 10.0
PATIENT, USUAL = "500ms", "5ms"

Look = Callable[[Key], Awaitable[object]]


@contextlib.contextmanager
def server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a Redis of our own; give it and where it answers."""
    with tempfile.TemporaryDirectory() as folder:
        node = f"{folder}/redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", node, "--save", ""]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not Path(node).exists():
                time.sleep(0.01)
            try:
                yield process, node
            finally:
                process.kill()


def connect(node: str, timeout: str) -> contextlib.AbstractAsyncContextManager[Redis]:
    """Connect as the gateway does."""
    return connected(RedisConfig.model_validate({"nodes": node, "timeout": timeout}))


def share(redis: Redis) -> Shared[Page]:
    """Share pages, as the gateway does."""
    return Shared(
        redis,
        name="pages",
        codec=PAGES,
        prefix="benchmark",
        clock=time.monotonic,
        wall_clock=time.time,
        on_look=lambda _: None,
    )


async def keep(shared: Shared[Page], size: int) -> None:
    """Keep a page of *size* bytes under each key; half of it is noise, which compresses little."""
    for key in KEYS:
        body = os.urandom(size // 4).hex().encode() + b" " * (size // 2)
        entry = Entry(Page(body, '"tag"', 8), time.monotonic(), useful_s=600)
        await shared.settle(key, b"", entry)


async def cpu_us(look: Look, together: int) -> float:
    """Return the CPU time of one look-up, *together* at a time: the median of some rounds."""
    return statistics.median([await _round_us(look, together) for _ in range(ROUNDS)])


async def _round_us(look: Look, together: int) -> float:
    keys = itertools.islice(itertools.cycle(KEYS), LOOKUPS)

    async def work() -> None:
        for key in keys:
            await look(key)

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(together)))
    return (time.process_time() - began) / LOOKUPS * 1e6


async def waits_ms(redis: Redis, during_s: float) -> list[float]:
    """Look up all the time for a while, eight at a time; return how long each took, sorted."""
    waits: list[float] = []
    until = time.monotonic() + during_s

    async def work() -> None:
        while time.monotonic() < until:
            began = time.perf_counter()
            with contextlib.suppress(RedisAway):
                await redis.get(b"key")
            waits.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(work() for _ in range(8)))
    return sorted(waits)


async def report() -> None:
    """Measure, and print."""
    with server() as (process, node):
        async with connect(node, PATIENT) as redis:
            shared = share(redis)
            print("| CPU µs per look-up |", " | ".join(f"{n} at a time" for n in TOGETHER), "|")
            print("|---|" + "---|" * len(TOGETHER))
            await _row("Redis has nothing", shared.get)
            for size in SIZES:
                await keep(shared, size)
                await _row(f"a page of {size // 1024} KB", shared.get)
        async with connect(node, USUAL) as redis:
            process.send_signal(signal.SIGSTOP)
            waits = await waits_ms(redis, HANGS_S)
            print(
                f"\nhanging for {HANGS_S:g} s: {len(waits)} look-ups, median {_at(waits, 0.5)} ms,"
            )
            print(f"99 of 100 within {_at(waits, 0.99)} ms, all within {waits[-1]:.1f} ms")
            process.send_signal(signal.SIGCONT)


async def _row(what: str, look: Look) -> None:
    costs = [await cpu_us(look, together) for together in TOGETHER]
    print(f"| {what} |", " | ".join(f"{cost:.1f}" for cost in costs), "|")


def _at(waits: list[float], share: float) -> str:
    return f"{waits[int(share * len(waits))]:.3f}"


if __name__ == "__main__":
    uvloop.run(report())
