"""What pages of other origins may do and read: CORS, as the Fetch standard has it."""

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy.core.hops import Header

_PREFLIGHT_S = 7200
_VARY = (b"vary", b"Origin")


class Origins:
    """Pages of the origins *allowed* may call, and read the answers with all headers *exposed*."""

    def __init__(
        self,
        allowed: Sequence[str],
        *,
        methods: Sequence[str] = (),
        headers: Sequence[str] = (),
        exposed: Sequence[str] = (),
    ) -> None:
        self._rules = CORSMiddleware(
            _nobody,
            allow_origins=allowed,
            allow_methods=methods,
            allow_headers=headers,
            allow_credentials=True,
            expose_headers=exposed,
            max_age=_PREFLIGHT_S,
        )
        self._exposed = ", ".join(exposed).encode()

    def preflight(self, scope: Scope) -> Response | None:
        """Return the answer to a browser that asks whether a page may call; None if it does not."""
        if scope["method"] != "OPTIONS":
            return None
        headers = Headers(scope=scope)
        if "origin" not in headers or "access-control-request-method" not in headers:
            return None
        return self._rules.preflight_response(headers)

    def headers(self, asked: Mapping[bytes, bytes]) -> Sequence[Header]:
        """Return what to add to the answer to a request with the headers *asked*."""
        origin = asked.get(b"origin")
        if origin is None or not self._rules.is_allowed_origin(origin.decode("latin-1")):
            return (_VARY,)
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", self._exposed),
            _VARY,
        )


async def _nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Stand where Starlette's middleware expects an app: it is only asked for its rules."""
