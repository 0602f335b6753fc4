"""The load generator: wrk with a script, pinned to a core of its own."""

import json
import resource
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import LOAD_CORE

_SCRIPT = Path(__file__).with_name("load.lua")
_BROWSER = (
    "Host: shop.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36\r\n"
    "Accept: application/json\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.7\r\n"
    "Accept-Encoding: identity\r\n"
    "Origin: https://shop.example\r\n"
    "Referer: https://shop.example/\r\n"
    "Sec-Fetch-Mode: cors\r\n"
)


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to send: those of a *file* in turn, over so many connections, for so long.

    *rest_ms* is how long a connection rests between an answer and its next request.
    """

    file: Path
    connections: int
    seconds: float
    is_miss: bool = False
    rest_ms: float = 0.0
    core: int = LOAD_CORE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load; *cpu_s* is the generator's own."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_s: float

    @property
    def per_second(self) -> float:
        """Return requests per second."""
        return self.requests / self.seconds


def request(target: str, bearer: str, more: Sequence[str] = ()) -> str:
    """Return a request as a browser sends it, for the holder of *bearer*."""
    lines = "".join(f"{line}\r\n" for line in more)
    return f"GET {target} HTTP/1.1\r\n{_BROWSER}Authorization: Bearer {bearer}\r\n{lines}\r\n"


def write(file: Path, requests: Iterable[str]) -> Path:
    """Write requests as the script reads them; return the file."""
    file.write_text("\0".join(requests), encoding="ascii", newline="")
    return file


def send(load: Load, url: str) -> Outcome:
    """Send a load to *url* and wait for its end."""
    told = [str(load.file), "miss" if load.is_miss else "same", f"{load.rest_ms:g}"]
    words = ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds:g}s", "--timeout=30s"]
    before = _children_cpu_s()
    done = subprocess.run(
        ["taskset", "-c", str(load.core), *words, "-s", str(_SCRIPT), url, "--", *told],
        check=True,
        capture_output=True,
        text=True,
    )
    return parse(done.stdout, _children_cpu_s() - before)


def parse(printed: str, cpu_s: float) -> Outcome:
    """Read what the script printed."""
    told = json.loads(printed.rpartition("JSON ")[2])
    return Outcome(**told, cpu_s=cpu_s)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
