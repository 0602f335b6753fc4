"""A reverse proxy as aiohttp's users write it: its server in front, its client behind.

`python -m benchmarks.peers.relay PORT UPSTREAM_PORT`.
"""

import asyncio
import sys

import aiohttp  # type: ignore[import-not-found]  # installed with the peers
import uvloop
import yarl  # type: ignore[import-not-found]
from aiohttp import web

_HOPS = frozenset({"connection", "host", "keep-alive", "transfer-encoding", "upgrade"})
_CHUNK_BYTES = 64 * 1024


async def relay(request: web.Request) -> web.StreamResponse:
    """Send a request on, and its answer back, as they come."""
    session: aiohttp.ClientSession = request.app["session"]
    url = yarl.URL(f"{request.app['upstream']}{request.raw_path}", encoded=True)
    headers = [
        (name, value) for name, value in request.headers.items() if name.lower() not in _HOPS
    ]
    body = request.content if request.can_read_body else None
    async with session.request(
        request.method, url, headers=headers, data=body, allow_redirects=False
    ) as answer:
        kept = [
            (name, value) for name, value in answer.headers.items() if name.lower() not in _HOPS
        ]
        response = web.StreamResponse(status=answer.status)
        response.headers.extend(kept)
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            await response.write(chunk)
        await response.write_eof()
        return response


async def serve(port: int, upstream_port: int) -> None:
    """Answer on loopback until killed."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", relay)
    app["upstream"] = f"http://127.0.0.1:{upstream_port}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        app["session"] = session
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=600)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
