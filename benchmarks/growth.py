"""What grows: a million entries, thousands of idle connections, a second process."""

import contextlib
import random
import resource
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import load, samples, stage
from benchmarks.load import Load
from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import Peer
from benchmarks.processes import LOAD_CORE, SERVER_CORE, Program
from benchmarks.recording import SIZES
from benchmarks.results import Fact, Measured
from benchmarks.stage import Stage
from benchmarks.warming import fill, warm

_FEW = 1_000
_ASKED = 50_000
_CONNECTIONS = 32
_IDLE = 5_000
_ROOM_FOR_FILES = 500
_ENTRIES_A_SHOPPER = 3  # a token, a page and a decision
_TARGET = "/placements/home-1k"

_CPU_RATIO, _ENTRY_BYTES, _IDLE_MB, _WORKERS_RATIO = 1.2, 600.0, 60.0, 1.1


def measure(on: Stage) -> Iterator[Measured]:
    """Give each ratio and size."""
    with stage.running(on, [catalogue.GATEWAY]) as programs:
        yield from _entries(on, programs[catalogue.GATEWAY.name])
    with stage.running(on, [catalogue.GATEWAY]) as programs:
        yield _idle(on, programs[catalogue.GATEWAY.name])
    yield _workers(on)


def _entries(on: Stage, gateway: Program) -> Iterator[Measured]:
    few_us = _hit_us(on, gateway, range(_FEW))
    before_mb = gateway.memory_mb()
    fill(catalogue.GATEWAY, (_request(on, number) for number in range(_FEW, on.extent.entries)))
    grown_bytes = (gateway.memory_mb() - before_mb) * 1024**2
    per_shopper = grown_bytes / (on.extent.entries - _FEW)
    asked = random.Random(0).sample(range(on.extent.entries), min(_ASKED, on.extent.entries))  # noqa: S311
    many_us = _hit_us(on, gateway, asked)
    many = f"{on.extent.entries:,} tokens, pages and decisions"
    yield Fact(f"CPU of a hit among {_FEW:,} of each", few_us, "µs")
    yield Fact(f"CPU of a hit among {many}", many_us, "µs")
    yield Fact(f"CPU among {many}, to {_FEW:,}", many_us / few_us, "times", _CPU_RATIO)
    texts = SIZES["1k"] + len(on.shoppers.bearer(0))
    beside = (per_shopper - texts) / _ENTRIES_A_SHOPPER
    yield Fact("memory of an entry beside its body or token", beside, "bytes", _ENTRY_BYTES)


def _hit_us(on: Stage, gateway: Program, numbers: Sequence[int]) -> float:
    """Return what hits of the entries with these numbers cost."""
    peer = catalogue.GATEWAY
    file = _file(on, numbers)
    for _ in range(2):
        warm(peer, file)
    sent = Load(file, _CONNECTIONS, on.extent.seconds)
    takers = {peer.name: lambda: samples.take(gateway, sent, peer.url)}
    return samples.interleaved(takers, on.extent.rounds)[peer.name].cpu_us


def _file(on: Stage, numbers: Sequence[int]) -> Path:
    asked = (_request(on, number).decode("ascii") for number in numbers)
    return load.write(on.place.work / "growth.requests", asked)


def _request(on: Stage, number: int) -> bytes:
    """Return the request of the shopper with this number."""
    guest = [f"X-Browser-Id: guest-{number}"]
    return load.request(_TARGET, on.shoppers.bearer(number), guest).encode("ascii")


def _idle(on: Stage, gateway: Program) -> Fact:
    """Open connections that ask once and then keep silent."""
    asked = _request(on, 0)
    fill(catalogue.GATEWAY, [asked] * 2)
    before_mb = gateway.memory_mb()
    with contextlib.ExitStack() as stack:
        for _ in range(_IDLE):
            wire = stack.enter_context(
                socket.create_connection(("127.0.0.1", catalogue.GATEWAY.port))
            )
            wire.sendall(asked)
            wire.recv(1)
        grown_mb = gateway.memory_mb() - before_mb
    return Fact(f"memory of {_IDLE:,} idle connections", grown_mb, "MB", _IDLE_MB)


def _workers(on: Stage) -> Fact:
    """Compare a process on one core with two on two, each beside its own load generator."""
    peers = {catalogue.GATEWAY: SERVER_CORE, catalogue.SECOND_GATEWAY: LOAD_CORE}
    with contextlib.ExitStack() as stack:
        programs = {}
        for peer, core in peers.items():
            programs[peer] = peer.start(on.place, core=core)
            stack.callback(programs[peer].stop)
            fill(peer, [_request(on, number) for number in range(_FEW)] * 2)
        alone_us = _side_by_side(on, {catalogue.GATEWAY: programs[catalogue.GATEWAY]})
        both_us = _side_by_side(on, programs)
    return Fact("CPU of a hit, two processes to one", both_us / alone_us, "times", _WORKERS_RATIO)


def _side_by_side(on: Stage, programs: dict[Peer, Program]) -> float:
    """Return CPU microseconds per hit of programs that are loaded at the same time."""
    file = _file(on, range(_FEW))
    before_s = sum(program.cpu_s() for program in programs.values())
    loads = [
        (Load(file, _CONNECTIONS, on.extent.seconds * on.extent.rounds, core=core), peer.url)
        for core, peer in zip((SERVER_CORE, LOAD_CORE), programs, strict=False)
    ]
    with ThreadPoolExecutor() as threads:
        outcomes = list(threads.map(lambda one: load.send(*one), loads))
    used_s = sum(program.cpu_s() for program in programs.values()) - before_s
    return used_s / sum(one.requests for one in outcomes) * 1e6


def raise_limits() -> None:
    """Let this process, and those it starts, have enough open files for idle connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _IDLE + _ROOM_FOR_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
