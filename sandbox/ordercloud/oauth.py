"""`/oauth/…`: tokens, the keys that sign them, and who their holder is."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.ordercloud import login
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.http import answer, authenticate
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.sessions import Session

_IDENTITY_S = 600
_FORM = "application/x-www-form-urlencoded"


class OAuth:
    """The OAuth endpoints of one marketplace."""

    def __init__(self, marketplace: Marketplace) -> None:
        self._marketplace = marketplace

    def routes(self) -> list[Route]:
        """Return the endpoints; `userinfo` takes both verbs, as its clients disagree on it."""
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/userinfo", self._userinfo, methods=["GET", "POST"]),
            Route("/oauth/certs/{kid}", self._certificate, methods=["GET"]),
        ]

    async def _token(self, request: Request) -> Response:
        try:
            return answer(request, login.grant(self._marketplace, await _form(request)))
        except ApiError as error:
            return answer(request, login.error_body(error), status=error.status)

    async def _userinfo(self, request: Request) -> Response:
        session = authenticate(self._marketplace, request)
        token = self._marketplace.tokens.sign(self._identity(session))
        return answer(request, {"identity_token": token, "expires_in": _IDENTITY_S})

    async def _certificate(self, request: Request) -> Response:
        keys = self._marketplace.tokens.keys
        return answer(request, keys.certificate(request.path_params["kid"]))

    def _identity(self, session: Session) -> dict[str, Any]:
        """Return the identity token's claims: what decides what the holder sees."""
        now = int(self._marketplace.clock.now())
        owner = self._marketplace.settings.marketplace_id
        return {
            "sub": session.account.user["Username"],
            "marketplaceID": owner,
            "companyID": session.account.buyer_id or owner,
            "groups": sorted(session.viewer.groups),
            "availableroles": list(session.roles),
            "currency": session.viewer.currency,
            "nbf": now,
            "exp": now + _IDENTITY_S,
        }


async def _form(request: Request) -> dict[str, str]:
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if content_type.strip().lower() != _FORM:
        raise ApiError("Request.InvalidContentType")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
