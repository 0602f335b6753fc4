"""`/v1`: finds a request's operation, checks token and roles, and calls it."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.errors import not_found
from sandbox.ordercloud.http import answer, authenticate, log_id, read_json
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.router import Operation, Router
from sandbox.ordercloud.webhooks import Webhooks

PREFIX = "/v1"


class Api:
    """Answers the operations of *routes* for one marketplace."""

    def __init__(
        self, marketplace: Marketplace, routes: Mapping[str, Endpoint], webhooks: Webhooks
    ) -> None:
        self._marketplace = marketplace
        self._webhooks = webhooks
        self._router = Router(routes)

    async def respond(self, request: Request) -> Response:
        """Answer a request below `/v1`; raise ApiError."""
        path = request.url.path.removeprefix(PREFIX)
        match = self._router.find(request.method, path)
        if match is None:
            raise not_found("Route", path)
        session = authenticate(self._marketplace, request)
        session.require(match.operation.roles)
        call = Call(
            marketplace=self._marketplace,
            session=session,
            verb=match.operation.verb,
            path=match.operation.path,
            ids=match.ids,
            query=parse_qsl(request.url.query, keep_blank_values=True),
            body=await read_json(request),
            log_id=log_id(request),
        )
        return await self._carry_out(call, match.operation, request)

    async def _carry_out(self, call: Call, operation: Operation, request: Request) -> Response:
        await self._webhooks.ask(call)
        body = operation.endpoint(call)
        self._marketplace.index.note()
        response = answer(request, body, status=operation.status)
        if operation.status == HTTPStatus.CREATED and (location := self._location(request, body)):
            response.headers["Location"] = location
        response.background = BackgroundTask(self._webhooks.tell, call, body)
        return response

    def _location(self, request: Request, body: object) -> str | None:
        """Return where a new entity can be read, if it can."""
        entity_id = body.get("ID") if isinstance(body, dict) else None
        path = f"{request.url.path}/{entity_id}"
        if entity_id is None or self._router.find("GET", path.removeprefix(PREFIX)) is None:
            return None
        return self._marketplace.settings.base_url + path
