"""Programs on a core of their own, and the CPU time and memory they take (Linux, /proc)."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

SERVER_CORE = 0
LOAD_CORE = 1

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_START_S = 60.0
_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Command:
    """How a program is started: pinned to *core*, what it says kept in *log*."""

    words: Sequence[str]
    log: Path
    core: int = SERVER_CORE
    folder: Path | None = None
    environ: Mapping[str, str] | None = None


class Program:
    """A running program, with all its children."""

    def __init__(self, command: Command) -> None:
        self._log = command.log
        self._started = time.perf_counter()
        with command.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(command.core), *command.words],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=command.folder,
                env={**os.environ, **(command.environ or {})},
                start_new_session=True,
            )

    def wait_until(self, holds: Callable[[], bool]) -> float:
        """Wait until *holds*; return the seconds since the program was started.

        Raises:
            RuntimeError: it takes too long, or the program ended; with the end of its log.
        """
        while self._process.poll() is None and self._age_s() < _START_S:
            if holds():
                return self._age_s()
            time.sleep(0.002)
        raise RuntimeError(f"it does not start: {self._log.read_text()[-2000:]}")

    def _age_s(self) -> float:
        return time.perf_counter() - self._started

    @property
    def pids(self) -> list[int]:
        """Return the program's processes."""
        return list(_family(self._process.pid))

    def cpu_s(self) -> float:
        """Return the CPU time taken so far."""
        return sum(_cpu_s(pid) for pid in self.pids)

    def memory_mb(self) -> float:
        """Return the memory held, shared pages by share (PSS)."""
        return sum(_kb(pid, "smaps_rollup", "Pss:") for pid in self.pids) / 1024

    def peak_mb(self) -> float:
        """Return the most memory that was ever held (VmHWM)."""
        return sum(_kb(pid, "status", "VmHWM:") for pid in self.pids) / 1024

    def stop(self) -> None:
        """End it, and wait for that."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def busy_s(cores: Sequence[int]) -> float:
    """Return the CPU time that anybody has taken on *cores*; interrupts are nobody's."""
    names = {f"cpu{core}" for core in cores}
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    rows = (line.split() for line in lines)
    user, nice, system, steal = 1, 2, 3, 8
    return _TICK_S * sum(
        int(row[column])
        for row in rows
        if row[0] in names
        for column in (user, nice, system, steal)
    )


def listens(port: int) -> bool:
    """Say whether somebody accepts connections on *port*."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Say whether *url* answers with success."""
    try:
        with urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = " ".join((task / "children").read_text(encoding="ascii") for task in tasks)
    except OSError:
        return
    for child in children.split():
        yield from _family(int(child))


def _cpu_s(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    after_name = stat.rpartition(")")[2].split()
    utime, stime = 11, 12
    return _TICK_S * (int(after_name[utime]) + int(after_name[stime]))


def _kb(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
