"""Builds the emulator: every route on one page, with the control plane in front."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from sandbox.cdp.answers import Refused, envelope, refuse
from sandbox.cdp.seed import load_seed
from sandbox.cdp.tenant import Tenant
from sandbox.cdp.web import debug, interactive, stream
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
    Route("/_sandbox/flows/{friendly_id}", debug.put_flow, methods=["PUT"]),
    Route("/_sandbox/flows/{friendly_id}", debug.delete_flow, methods=["DELETE"]),
    Route("/_sandbox/guests/{name:path}", debug.show_guest),
    Route("/_sandbox/events", debug.list_events),
)


def build(
    *,
    base_url: str = "http://127.0.0.1:8102",
    ordercloud_url: str = "http://127.0.0.1:8101",
    data: Path | None = None,
) -> ASGIApp:
    """Return the emulator as an ASGI app.

    Connections of the seed reach OrderCloud at *ordercloud_url* and the emulator itself at
    *base_url*. *data* is a folder laid over the shipped `data/`, file by file.
    Raises ValueError if a file there is no valid definition.
    """
    seed = load_seed(data)
    clock = Clock()
    app = Starlette(routes=_ROUTES, exception_handlers={Refused: refuse})
    hosts = {"ordercloud": ordercloud_url, "sandbox": base_url}

    def reset() -> None:
        app.state.tenant = Tenant(seed, clock, hosts)

    def tick() -> None:
        app.state.tenant.tick()

    reset()

    controlled = Control(
        app,
        clock=clock,
        on_reset=reset,
        on_clock=tick,
        fault_body=envelope,
    )
    return CORSMiddleware(
        controlled, allow_origins=["*"], allow_methods=["*"], allow_headers=_SDK_HEADERS
    )
