"""What every section needs: shoppers, what was recorded, the programs that run, and their pages.

Before anything is timed, the peers have to say the same to the same shopper.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import load, recording, tokens
from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import Peer, Place
from benchmarks.processes import Program
from benchmarks.tokens import Tokens

ROOT = Path(__file__).parent.parent
VAR = ROOT / "var" / "benchmarks"

_COMPARED = 50
_NEEDED = {"wrk": "wrk", "nginx": "nginx", "varnishd": "varnish", "node": "nodejs", "npm": "npm"}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: samples of so many *seconds*, in so many *rounds*.

    *entries* is what the cache grows to.
    """

    rounds: int = 5
    seconds: int = 2
    shoppers: int = 10_000
    entries: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """The place of a run, its shoppers, and the upstream that runs for all."""

    place: Place
    shoppers: Tokens
    upstream: Program
    extent: Extent

    def file(self, name: str, targets: Sequence[str], more: Sequence[Sequence[str]] = ()) -> Path:
        """Write a request for each shopper, in turn over *targets*; return the file."""
        requests = (
            load.request(
                targets[number % len(targets)],
                bearer,
                [f"X-Browser-Id: guest-{number}", *(more[number] if more else ())],
            )
            for number, bearer in enumerate(self.shoppers.bearers[: len(more) or None])
        )
        return load.write(self.place.work / f"{name}.requests", requests)


@contextlib.contextmanager
def standing(extent: Extent) -> Iterator[Stage]:
    """Install what is missing, record, and run the upstream for the block.

    Raises:
        SystemExit: a program is missing that only the system can install.
    """
    place = Place(VAR / "work", VAR / "tools", VAR / "recorded")
    _install(place)
    signed = tokens.load(VAR, extent.shoppers)
    recording.record(place.recorded, signed)
    upstream = catalogue.upstream(place)
    try:
        yield Stage(place, signed, upstream, extent)
    finally:
        upstream.stop()


@contextlib.contextmanager
def running(stage: Stage, peers: Sequence[Peer]) -> Iterator[dict[str, Program]]:
    """Start *peers* for the block, each on the server's core; give them by name."""
    with contextlib.ExitStack() as stack:
        programs = {}
        for peer in peers:
            programs[peer.name] = peer.start(stage.place)
            stack.callback(programs[peer.name].stop)
        yield programs


def ask(peer: Peer, target: str, bearer: str, guest: str) -> tuple[bytes, str]:
    """Ask as one shopper does; return body and entity tag."""
    headers = {"Authorization": f"Bearer {bearer}", "X-Browser-Id": guest}
    with urlopen(Request(peer.url + target, headers=headers)) as answer:
        return answer.read(), answer.headers.get("etag", "")


def compare(stage: Stage, peers: Sequence[Peer], target: str) -> None:
    """Check that all *peers* say the same to the same shopper, and not the same to all.

    Raises:
        SystemExit: they do not.
    """
    every = len(stage.shoppers.bearers) // _COMPARED
    seen = set()
    for number, bearer in list(enumerate(stage.shoppers.bearers))[::every]:
        bodies = {peer.name: ask(peer, target, bearer, f"guest-{number}")[0] for peer in peers}
        if len(set(bodies.values())) != 1:
            sys.exit(f"{target}: not all peers say the same to shopper {number}: {sorted(bodies)}")
        seen.add(next(iter(bodies.values())))
    if len(seen) < _COMPARED:
        sys.exit(f"{target}: not every shopper has a page of their own")


def _install(place: Place) -> None:
    missing = [package for name, package in _NEEDED.items() if shutil.which(name) is None]
    if missing:
        sys.exit(f"bench: install {' '.join(missing)} with the system's package manager")
    place.work.mkdir(parents=True, exist_ok=True)
    node = place.tools / "node"
    shutil.copytree(catalogue.HERE / "node", node, dirs_exist_ok=True)
    _run("npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund", folder=node)
    if not Path(place.python).exists():
        _run(sys.executable, "-m", "venv", str(place.venv), folder=ROOT)
    wanted = str(catalogue.HERE / "requirements.txt")
    _run(place.python, "-m", "pip", "install", "-q", "-r", wanted, folder=ROOT)


def _run(*words: str, folder: Path) -> None:
    subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL)
