"""`POST /purge` on the admin listener: what is kept of the named things is served no more."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.cache.purges import Purger, Purges
from proxy.core import tags
from proxy.errors import UNREADABLE, RequestError
from proxy.web.body import read_body

TAGS_MAX = 1000
_BODY_MAX_BYTES = 256 * 1024
_SHAPE = '{"tags": ["product:ID", "all"], "soft": false}'

_Tag = Annotated[str, msgspec.Meta(max_length=500)]
_Tags = Annotated[list[_Tag], msgspec.Meta(min_length=1, max_length=TAGS_MAX)]


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    tags: _Tags
    soft: bool = False


class PurgeEndpoint:
    """The endpoint that operators, their pipelines and `decision-proxy purge` call."""

    def __init__(self, purges: Purges) -> None:
        self._purges = purges

    async def purge(self, request: Request) -> Response:
        """Purge up to 1,000 tags: hard, unless the body says soft.

        Raises:
            RequestError: with every mistake; nothing was purged.
            TooLarge: the body is.
        """
        wanted = _read(await read_body(request, _BODY_MAX_BYTES))
        self._purges.purge(wanted.tags, hard=not wanted.soft, by=Purger.ADMIN)
        return JSONResponse({"purged": wanted.tags, "soft": wanted.soft})


def _read(body: bytes) -> _Wanted:
    try:
        wanted = msgspec.json.decode(body, type=_Wanted)
    except UNREADABLE as exc:
        raise RequestError(f"{exc}; send {_SHAPE}") from exc
    if mistakes := [*filter(None, map(tags.mistake_in, wanted.tags))]:
        raise RequestError("; ".join(mistakes))
    return wanted
