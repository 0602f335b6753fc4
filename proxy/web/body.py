"""The body of a small request, read whole."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from proxy.errors import CallerLeft, TooLarge

_PATIENCE_S = 10.0
"""A body of a few packets that takes longer is not worth the wait."""


async def read_body(request: Request, most_bytes: int, *, within_s: float = _PATIENCE_S) -> bytes:
    """Return the body.

    Raises:
        TooLarge: it has more than *most_bytes*; the rest is not read, nor asked for.
        CallerLeft: it did not come within *within_s* seconds, or not at all.
    """
    if int(request.headers.get("content-length", "0")) > most_bytes:
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(within_s):
            return await _read(request, most_bytes)
    except TimeoutError as exc:
        raise CallerLeft(f"the body took longer than {within_s:g} s") from exc
    except ClientDisconnect as exc:
        raise CallerLeft("the caller left before the body was over") from exc


async def _read(request: Request, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"send at most {most_bytes} bytes at once")
