"""What lists cost the OrderCloud sandbox: CPU time, load time, memory.

`python -m benchmarks.sandbox_lists` measures catalogs of 10,000 and 100,000 products. Requests go
through the whole emulator (routing, token, visibility, list, prices, JSON), but not over a socket:
times are CPU milliseconds of this process, without any client's share.
"""

import asyncio
import json
import statistics
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from starlette.types import ASGIApp, Message

from sandbox.ordercloud.app import build

SIZES = (10_000, 100_000)
ROUNDS = 200
QUERIES = {
    "two filters and a sort": "xp.color=Red|Blue&xp.rating=>3&sortBy=!xp.margin",
    "the same in a category": "categoryID=shoes&xp.color=Red|Blue&xp.rating=>3&sortBy=!xp.margin",
    "100 IDs": "pageSize=100&ID=" + "|".join(f"p{number}" for number in range(1, 101)),
    "part of a name": "Name=*watch*&sortBy=Name",
    "search": "search=red+leather+watch",
    "page 40 of everything": "page=40",
}
LOGIN = {
    "grant_type": "password",
    "client_id": "storefront-client",
    "username": "alice",
    "password": "Password123!",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def send(
    app: ASGIApp, verb: str, url: str, headers: dict[str, str], body: bytes = b""
) -> bytes:
    """Answer one request and return the body."""
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "method": verb,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 8101),
    }
    answer = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def keep(message: Message) -> None:
        answer.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return bytes(answer)


async def cpu_ms(app: ASGIApp, query: str, headers: dict[str, str]) -> float:
    """Return the CPU time of one list."""
    begin = time.process_time()
    await send(app, "GET", f"/v1/me/products?{query}", headers)
    return (time.process_time() - begin) * 1000


async def measure(size: int) -> list[str]:
    """Return the lines of a report on a catalog of *size* products."""
    begin = time.process_time()
    app = build(products=size)
    loaded_s = time.process_time() - begin
    login = await send(app, "POST", "/oauth/token", FORM, urlencode(LOGIN).encode())
    headers = {"authorization": f"Bearer {json.loads(login)['access_token']}"}
    lines = [f"{size:,} products, loaded in {loaded_s:.1f} s"]
    for name, query in QUERIES.items():
        first = await cpu_ms(app, query, headers)
        rest = sorted([await cpu_ms(app, query, headers) for _ in range(ROUNDS)])
        typical, slow = statistics.median(rest), rest[ROUNDS * 95 // 100]
        lines.append(f"  {name:24} first {first:7.1f}   median {typical:6.2f}   p95 {slow:6.2f} ms")
    return [*lines, f"  memory {resident_mb():.0f} MB"]


def resident_mb() -> float:
    """Return this process's memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print the report."""
    for size in SIZES:
        print(*asyncio.run(measure(size)), sep="\n")


if __name__ == "__main__":
    main()
