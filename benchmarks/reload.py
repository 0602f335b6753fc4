"""How long the event loop stands still while rules are loaded anew, with 10,000 of them.

`python -m benchmarks.reload` edits every file of a folder again and again while a gateway's
`RuleBook` watches it, and prints the longest waits of a loop that wakes up every millisecond: first
with all rules in one file, then a hundred in each. A wait is what the process computed in the
meantime (CPU time), so that a busy machine adds nothing.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from proxy.folder import Folder
from proxy.reload import RuleBook
from proxy.tasks import Tasks

RULES = 10_000
EDITS = 5
TICK_S = 0.001
SETTLED_S = 0.5

_FILE = """
placement: slot-{number}
resource: me/products
decision: {{flow: hero, segment: persona}}
rules:
{rules}
default: {{query: {{categoryID: featured}}}}
"""
_RULE = """\
  - name: rule-{number}
    when: {{segment: [s{number}, t{number}], output: {{score: {{gte: 0.5}}}}}}
    query: {{categoryID: c{edit}, xp.color: [red, blue], sortBy: ["!xp.rating"], pageSize: 8}}"""


class Pulse:
    """Wakes up every millisecond, and keeps the longest wait, in seconds of CPU time."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def beat(self) -> None:
        """Beat until cancelled."""
        last_s = time.process_time()
        while True:
            await asyncio.sleep(TICK_S)
            now_s = time.process_time()
            self.longest_s = max(self.longest_s, now_s - last_s)
            last_s = now_s


def write(folder: Path, files: int, edit: int) -> int:
    """Write all rules into *files* files, each replaced as editors do; return their bytes."""
    size = 0
    for number in range(files):
        rules = "\n".join(_RULE.format(number=n, edit=edit) for n in range(RULES // files))
        draft = folder / f".{number}"
        size += draft.write_text(_FILE.format(number=number, rules=rules))
        draft.replace(folder / f"{number}.yaml")
    return size


async def waits(folder: Path, files: int) -> AsyncIterator[float]:
    """Give the longest wait of each edit, in milliseconds."""
    loaded = asyncio.Event()
    book = RuleBook(Folder(folder), on_load=lambda _: loaded.set())
    tasks, pulse = Tasks(), Pulse()
    tasks.spawn(book.watch(), name="rules watcher")
    tasks.spawn(pulse.beat(), name="pulse")
    await asyncio.sleep(SETTLED_S)
    for edit in range(1, EDITS + 1):
        pulse.longest_s = 0.0
        loaded.clear()
        await asyncio.to_thread(write, folder, files, edit)
        await loaded.wait()
        await asyncio.sleep(SETTLED_S)  # what served before is freed by then
        yield pulse.longest_s * 1000
    await tasks.close()


async def report() -> AsyncIterator[str]:
    """Measure, and give a line for each way to cut the rules into files."""
    yield f"longest wait of the event loop in each of {EDITS} edits, {RULES:,} rules, ms of CPU"
    for files in (1, 100):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            size = write(folder, files, 0)
            longest = [wait async for wait in waits(folder, files)]
        shown = "".join(f"{wait:7.1f}" for wait in longest)
        yield f"{f'{size / 1e6:.1f} MB in {files}':>16}: {shown}"


async def main() -> None:
    """Print the report."""
    async for line in report():
        print(line)


if __name__ == "__main__":
    uvloop.run(main())
