"""Every program that is measured: how it is started, and where it answers."""

import os
import platform
import shutil
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import LOAD_CORE, SERVER_CORE, Command, Program, listens

HERE = Path(__file__).parent
UPSTREAM_PORT = 18901
UPSTREAM_URL = f"http://127.0.0.1:{UPSTREAM_PORT}"

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - nginx's cache, as its experts place it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run keeps configurations and logs, what it installs, and what was recorded."""

    work: Path
    tools: Path
    recorded: Path

    @property
    def venv(self) -> Path:
        """Return where the Python peers are installed: an environment for each interpreter."""
        return self.tools / f"python-{platform.python_version()}"

    @property
    def python(self) -> str:
        """Return the Python that has the Python peers."""
        return str(self.venv / "bin" / "python")


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that answers on *port*; *words* says how it is started, its files once written."""

    name: str
    port: int
    words: Callable[["Peer", Place], Sequence[str]]
    environ: Mapping[str, str] | None = None

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, place: Place, *, core: int = SERVER_CORE) -> Program:
        """Start it on *core*, and wait until it listens.

        Raises:
            SystemExit: another program has its port.
        """
        _claim(self.port)
        folder = place.work / self.name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        words = self.words(self, place)
        program = Program(Command(words, folder / "log", core=core, environ=self.environ))
        program.wait_until(lambda: listens(self.port))
        return program


def upstream(place: Place) -> Program:
    """Start what stands for OrderCloud and CDP, on the load generator's core."""
    _claim(UPSTREAM_PORT)
    words = [sys.executable, "-m", "benchmarks.upstream", str(UPSTREAM_PORT), str(place.recorded)]
    program = Program(Command(words, log=place.work / "upstream.log", core=LOAD_CORE))
    program.wait_until(lambda: listens(UPSTREAM_PORT))
    return program


def admin_port(gateway: Peer) -> int:
    """Return where a gateway's admin listener answers."""
    return gateway.port + 1


def _claim(port: int) -> None:
    if listens(port):
        sys.exit(f"bench: port {port} is taken; stop what uses it")


def _written(peer: Peer, place: Place, template: str, **values: object) -> Path:
    """Fill in a peer's configuration; return the file."""
    folder = place.work / peer.name.replace(" ", "-")
    text = string.Template((HERE / template).read_text(encoding="utf-8"))
    user = "user root;" if os.geteuid() == 0 else ""
    known = {"port": peer.port, "upstream": UPSTREAM_PORT, "folder": folder, "user": user}
    filled = text.safe_substitute({**known, **values})
    file = folder / Path(template).name
    file.write_text(filled, encoding="utf-8")
    return file


def _gateway(peer: Peer, place: Place) -> Sequence[str]:
    rules = HERE / "gateway" / "rules"
    file = _written(peer, place, "gateway/config.yaml", rules=rules, admin_port=admin_port(peer))
    return [sys.executable, "-m", "proxy", "serve", "--config", str(file)]


def _nginx(peer: Peer, place: Place) -> Sequence[str]:
    folder = _SHARED_MEMORY / "decision-proxy-benchmark"
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier run cached
    folder.mkdir()
    return ["nginx", "-c", str(_written(peer, place, "nginx.conf", folder=folder))]


def _varnish(peer: Peer, place: Place) -> Sequence[str]:
    file = _written(peer, place, "varnish.vcl")
    listen = ["-a", f"127.0.0.1:{peer.port}", "-n", str(file.parent / "shm")]
    pools = ["-p", "thread_pools=1", "-p", "thread_pool_min=200", "-p", "timeout_idle=600"]
    return ["varnishd", "-F", "-j", "none", "-f", str(file), *listen, "-s", "malloc,8g", *pools]


def _node(script: str) -> Callable[[Peer, Place], Sequence[str]]:
    def words(peer: Peer, place: Place) -> Sequence[str]:
        file = place.tools / "node" / script
        return ["node", str(file), str(peer.port), str(UPSTREAM_PORT)]

    return words


def _uvicorn(app: str) -> Callable[[Peer, Place], Sequence[str]]:
    def words(peer: Peer, _: Place) -> Sequence[str]:
        at = ["--host", "127.0.0.1", "--port", str(peer.port), "--backlog", "4096"]
        lean = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        rest = ["--timeout-keep-alive", "600", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", f"benchmarks.peers.{app}:app", *at, *lean, *rest]

    return words


def _module(name: str) -> Callable[[Peer, Place], Sequence[str]]:
    def words(peer: Peer, place: Place) -> Sequence[str]:
        return [place.python, "-m", f"benchmarks.peers.{name}", str(peer.port), str(UPSTREAM_PORT)]

    return words


_UPSTREAM = {"UPSTREAM": UPSTREAM_URL}

GATEWAY = Peer("gateway", 18910, _gateway)
SECOND_GATEWAY = Peer("second gateway", 18914, _gateway)
NGINX = Peer("nginx", 18920, _nginx)
VARNISH = Peer("varnish", 18930, _varnish)
FASTIFY = Peer("fastify", 18940, _node("bff.mjs"))
USUAL = Peer("usual bff", 18950, _uvicorn("usual"), _UPSTREAM)
PLAIN = Peer("plain starlette", 18960, _uvicorn("plain"), _UPSTREAM)
NODE_PROXY = Peer("http-proxy", 18970, _node("http-proxy.mjs"))
FASTIFY_PROXY = Peer("fastify http-proxy", 18975, _node("fastify-http-proxy.mjs"))
AIOHTTP_PROXY = Peer("aiohttp relay", 18980, _module("relay"))
