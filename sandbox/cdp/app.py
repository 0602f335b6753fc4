"""Builds the emulator: every route on one page, with the control plane in front."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.cdp import triggers
from sandbox.cdp.answers import Refused, envelope, refuse
from sandbox.cdp.connections import Caller
from sandbox.cdp.seed import load_seed
from sandbox.cdp.tenant import Tenant
from sandbox.cdp.web import admin, debug, interactive, stream
from sandbox.control import Clock, Control

_SDK_HEADERS = (
    "authorization",
    "content-type",
    "x-client-software-id",
    "x-library-version",
    "x-sc-correlation-id",
    "x-sitecore-contextid",
)

_STREAM = (
    Route("/v1.2/browser/create.json", stream.create_browser),
    Route("/v1.2/browser/{browser_id}/show.json", stream.show_browser),
    Route("/v1.2/event/create.json", stream.get_event),
    Route("/v1.2/events", stream.post_event, methods=["POST"]),
)
_ROUTES = (
    Route("/v2/callFlows", interactive.call_flows, methods=["POST"]),
    Route("/v1/personalize", interactive.call_flows, methods=["POST"]),
    *_STREAM,
    Mount("/v1/events", routes=_STREAM),
    Route("/oauth/token", admin.issue_token, methods=["POST"]),
    Route("/v3/flowDefinitions", admin.list_flows),
    Route("/v3/flowDefinitions/{ref}", admin.show_flow),
    Route("/v2/decisionModelDefinitions", admin.list_models),
    Route("/v2/decisionModelDefinitions/{ref}", admin.show_model),
    Route("/v2/decisionModelDefinitions/{ref}/variants", admin.list_variants),
    Route("/v2/decisionModelVariants/{ref}", admin.show_variant),
    Route("/v2/testDecisionModel", admin.test_model, methods=["POST"]),
    Route("/v2/connections", admin.list_connections),
    Route("/v2/connections/{ref}", admin.show_connection),
    Route("/_sandbox/flows/{friendly_id}", debug.put_flow, methods=["PUT"]),
    Route("/_sandbox/flows/{friendly_id}", debug.delete_flow, methods=["DELETE"]),
    Route("/_sandbox/guests/{name:path}", debug.show_guest),
    Route("/_sandbox/events", debug.list_events),
    Route("/_sandbox/triggers", debug.list_triggers),
    Route("/_sandbox/mails", debug.list_mails),
    Route("/_sandbox/mails", debug.receive_mail, methods=["POST"]),
)


def build(
    *,
    base_url: str = "http://127.0.0.1:8102",
    ordercloud_url: str = "http://127.0.0.1:8101",
    data: Path | None = None,
) -> ASGIApp:
    """Return the emulator as an ASGI app.

    Connections reach OrderCloud at *ordercloud_url* and the emulator itself at *base_url*.
    *data* is a folder laid over the shipped `data/`, file by file.
    Raises ValueError if a file there is no valid definition.
    """
    seed = load_seed(data)
    clock = Clock()
    client = httpx2.AsyncClient()
    caller = Caller(client, hosts={"ordercloud": ordercloud_url, "sandbox": base_url})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    handlers = {Refused: refuse, HTTPException: refuse}
    app = Starlette(routes=_ROUTES, exception_handlers=handlers, lifespan=lifespan)
    app.state.tenant = Tenant(seed, clock, caller)

    def reset() -> None:
        app.state.tenant = Tenant(seed, clock, caller)

    def tick() -> None:
        app.state.tenant.tick()

    controlled = Control(app, clock=clock, on_reset=reset, on_clock=tick, fault_body=envelope)
    return CORSMiddleware(
        _Dispatching(controlled, app),
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=_SDK_HEADERS,
    )


class _Dispatching:
    """ASGI middleware: triggered flows that are due have run before an answer goes out."""

    def __init__(self, app: ASGIApp, emulator: Starlette) -> None:
        self._app = app
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dispatch_first(message: Message) -> None:
            if message["type"] == "http.response.start":
                await triggers.dispatch(self._emulator.state.tenant)
            await send(message)

        await self._app(scope, receive, dispatch_first)
