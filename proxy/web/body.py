"""The body of a small request, read whole."""

from starlette.requests import Request

from proxy.errors import TooLarge


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the body.

    Raises:
        TooLarge: it has more than *most_bytes*; the rest is not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise TooLarge(f"send at most {most_bytes} bytes at once")
    return bytes(body)
