"""The demo: gateway, both sandboxes and the storefront in one process, on loopback."""

import asyncio
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from proxy import app, config
from proxy.core.hooks import webhook
from proxy.edge.logs import configure_logging
from proxy.web.server import bind, stopped_by_signals
from sandbox.cdp.app import build as build_cdp
from sandbox.ordercloud.app import build as build_ordercloud
from sandbox.server import running
from sandbox.storefront.app import build as build_storefront

_HOST = "127.0.0.1"
_ADMIN_KEY = "demo-admin"
_CLIENTS = ("storefront-client", "admin-client")
_SHOPPERS = "group:vip=alice,group:wholesale=bob,buyer:acme=alice,buyer:globex=carol"
_PASSWORD = "Password123!"  # noqa: S105 - of the sandbox's seed
_PREFIX = "DECISION_PROXY__"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything of the demo listens."""

    gateway: int = 8080
    admin: int = 8081
    storefront: int = 8100
    ordercloud: int = 8101
    cdp: int = 8102


async def run_demo(config_path: Path | None, ports: Ports, *, products: int) -> None:
    """Run everything until SIGTERM or SIGINT.

    Raises:
        DocumentError: the configuration is not usable, or a port is taken.
    """
    stop = asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        kept = {f"{_PREFIX}CACHE__SNAPSHOT": str(data / "snapshot")}
        environ = {**_environ(ports), **_events(ports, data), **kept}
        settings = config.load(config_path, {**os.environ, **environ})
        configure_logging(settings.log)
        async with _sandbox(ports, products=products, data=data), _storefront(ports):
            with stopped_by_signals(stop):
                await app.serve(
                    settings, stop=stop, on_start=lambda: print(_welcome(ports), flush=True)
                )


async def run_sandbox(ports: Ports, *, products: int, data: Path | None) -> None:
    """Run both emulators alone until SIGTERM or SIGINT.

    Raises:
        DocumentError: a port is taken.
    """
    stop = asyncio.Event()
    async with _sandbox(ports, products=products, data=data):
        print(f"OrderCloud  {_url(ports.ordercloud)}\nCDP         {_url(ports.cdp)}", flush=True)
        with stopped_by_signals(stop):
            await stop.wait()


@contextlib.asynccontextmanager
async def _sandbox(ports: Ports, *, products: int, data: Path | None) -> AsyncIterator[None]:
    oc_url = _url(ports.ordercloud)
    with (
        bind(_HOST, ports.ordercloud, setting="--oc-port") as ordercloud,
        bind(_HOST, ports.cdp, setting="--cdp-port") as cdp,
    ):
        oc_app = build_ordercloud(base_url=oc_url, products=products, data=data)
        cdp_app = build_cdp(base_url=_url(ports.cdp), ordercloud_url=oc_url, data=data)
        async with running(oc_app, ordercloud), running(cdp_app, cdp):
            yield


@contextlib.asynccontextmanager
async def _storefront(ports: Ports) -> AsyncIterator[None]:
    storefront = build_storefront(
        gateway_url=_url(ports.gateway),
        ordercloud_url=_url(ports.ordercloud),
        cdp_url=_url(ports.cdp),
    )
    with bind(_HOST, ports.storefront, setting="--storefront-port") as listener:
        async with running(storefront, listener):
            yield


def _events(ports: Ports, data: Path) -> dict[str, str]:
    """Have the sandbox's OrderCloud tell the gateway of all that is written; return the settings.

    The sandbox's CDP begins anew each time, and an old outbox would speak of its past.
    """
    key = secrets.token_urlsafe(24)
    body = webhook(_url(ports.gateway), hash_key=key, clients=_CLIENTS)
    calls = data / "ordercloud"
    calls.mkdir()
    (calls / "webhook.json").write_text(json.dumps([{"call": "POST /webhooks", "body": body}]))
    settings = {"EVENTS__OUTBOX": str(data / "outbox.db"), "EVENTS__WEBHOOK_KEY": key}
    return {f"{_PREFIX}{name}": value for name, value in settings.items()}


def _environ(ports: Ports) -> dict[str, str]:
    """Return the settings that make a configuration the demo's."""
    origins = f"{_url(ports.storefront)},http://localhost:{ports.storefront}"
    settings = {
        "SERVER__PORT": str(ports.gateway),
        "SERVER__ADMIN_PORT": str(ports.admin),
        "SERVER__CORS_ORIGINS": origins,
        "ADMIN__KEY": _ADMIN_KEY,
        "ORDERCLOUD__URL": _url(ports.ordercloud),
        "CDP__URL": _url(ports.cdp),
        "CHECK__SHOPPERS": _SHOPPERS,
        "CHECK__PASSWORD": _PASSWORD,
        "LOG__FORMAT": "text",
    }
    return {f"{_PREFIX}{key}": value for key, value in settings.items()}


def _welcome(ports: Ports) -> str:
    return f"""
  storefront   {_url(ports.storefront)}     open this one
  gateway      {_url(ports.gateway)}     GET /placements/home-hero
  admin        {_url(ports.admin)}     key: {_ADMIN_KEY}
  OrderCloud   {_url(ports.ordercloud)}     sandbox
  CDP          {_url(ports.cdp)}     sandbox
  studio       {_url(ports.admin)}/studio     edit the rules here

  Or edit rules/*.yaml by hand. Reload the storefront to see what changed. Ctrl-C ends it all.
"""


def _url(port: int) -> str:
    return f"http://{_HOST}:{port}"
