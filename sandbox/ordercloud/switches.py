"""`/_sandbox/…`: what only this emulator can be told, beside `sandbox.control`."""

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.options import changed


class Switches:
    """The emulator's own controls of one marketplace."""

    def __init__(self, marketplace: Marketplace) -> None:
        self._marketplace = marketplace

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        return [
            Route("/_sandbox/keys", self._rotate, methods=["POST"]),
            Route("/_sandbox/keys", self._forget, methods=["DELETE"]),
            Route("/_sandbox/options", self._get_options, methods=["GET"]),
            Route("/_sandbox/options", self._put_options, methods=["PUT"]),
        ]

    async def _rotate(self, _: Request) -> Response:
        """Sign with a new key from now on; older tokens stay valid."""
        return JSONResponse({"kid": self._marketplace.tokens.keys.rotate()}, status_code=201)

    async def _forget(self, _: Request) -> Response:
        """Forget all keys but the newest: tokens that older ones have signed are refused."""
        self._marketplace.tokens.forget_retired_keys()
        return Response(status_code=204)

    async def _get_options(self, _: Request) -> Response:
        return JSONResponse(msgspec.to_builtins(self._marketplace.options))

    async def _put_options(self, request: Request) -> Response:
        """Change the options that the body names, and return them all."""
        try:
            options = changed(self._marketplace.options, await request.body())
        except ValueError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)
        self._marketplace.set_options(options)
        return await self._get_options(request)
