"""The errors and error bodies of the emulated APIs."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

# Sitecore publishes no list of its internal codes; these are ours, one per HTTP status.
_CODES = {400: 10400, 401: 10401, 403: 10403, 404: 10404, 415: 10415, 500: 10500, 503: 10503}


class Refused(Exception):
    """A request that the API turns down with *status* and an error envelope."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def envelope(status: int, message: str = "") -> dict[str, object]:
    """Return an error body as the REST APIs write it."""
    return {
        "status": status,
        "code": _CODES.get(status, 10000),
        "message": message or f"HTTP {status}",
        "developerMessage": message,
        "moreInfoUrl": "https://doc.sitecore.com/cdp/en/developers/api/response-codes.html",
    }


async def refuse(_: Request, exc: Exception) -> Response:
    """Answer a Refused, or Starlette's own exception for what has no route, with the envelope."""
    if isinstance(exc, HTTPException):
        exc = Refused(exc.status_code, exc.detail)
    assert isinstance(exc, Refused)
    return JSONResponse(envelope(exc.status, str(exc)), status_code=exc.status)
