"""The world of a test: both emulators and the gateway, real, on free ports of loopback."""

import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from starlette.types import ASGIApp

import sandbox.cdp.app
import sandbox.ordercloud.app
from proxy.config import Config
from proxy.tasks import Tasks
from sandbox.server import running
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.servers import ADMIN_KEY, Gateway, Servers, client, free_socket, running_gateway, url_of

_PRODUCTS = 60
_REDIS = {"running_redis", "running_cluster", "running_sentinel", "redis"}


class StartGateway(Protocol):
    """Starts a gateway with the given rules files; sections override its configuration."""

    async def __call__(self, rules: Mapping[str, str], /, **sections: Mapping[str, Any]) -> Gateway:
        """Return the running gateway."""


@dataclass(frozen=True, slots=True)
class Built:
    """The marketplace, built once and on one port: making keys takes time."""

    listener: socket.socket
    app: ASGIApp


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts Redis, by what its module imports or its fixtures are."""
    for item in items:
        if isinstance(item, pytest.Function) and _REDIS & {*vars(item.module), *item.fixturenames}:
            item.add_marker(pytest.mark.redis)


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> None:
    """Refuse every connection and look-up that would leave this machine."""

    def refuse_outside(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            assert ipaddress.ip_address(args[1][0]).is_loopback, f"connects to {args[1]}"
        if event == "socket.getaddrinfo":
            assert args[0] in {None, "localhost", "127.0.0.1", "::1"}, f"looks up {args[0]}"

    sys.addaudithook(refuse_outside)


@pytest.fixture(scope="session")
def built_ordercloud() -> Iterator[Built]:
    """Build the marketplace; a test starts it."""
    with free_socket() as listener:
        app = sandbox.ordercloud.app.build(base_url=url_of(listener), products=_PRODUCTS)
        yield Built(listener, app)


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    """Run what is spawned until the test ends."""
    tasks = Tasks()
    yield tasks
    await tasks.close()


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Stop, at the end, all that the test has started."""
    servers = Servers()
    yield servers
    await servers.stop()


@pytest.fixture
async def ordercloud(servers: Servers, built_ordercloud: Built) -> AsyncIterator[OrderCloud]:
    """Run the marketplace, as its seed left it."""
    url = await servers.start(running(built_ordercloud.app, built_ordercloud.listener.dup()))
    async with client(url) as http:
        ordercloud = OrderCloud(http)
        await ordercloud.reset()
        yield ordercloud


@pytest.fixture
async def cdp(servers: Servers, ordercloud: OrderCloud) -> AsyncIterator[Cdp]:
    """Run a new CDP tenant."""
    listener = free_socket()
    app = sandbox.cdp.app.build(base_url=url_of(listener), ordercloud_url=ordercloud.url)
    async with client(await servers.start(running(app, listener))) as http:
        yield Cdp(http)


@pytest.fixture
def gateway(servers: Servers, ordercloud: OrderCloud, cdp: Cdp, tmp_path: Path) -> StartGateway:
    """Start gateways in front of both emulators."""
    folder = tmp_path / "rules"

    async def start(rules: Mapping[str, str], /, **sections: Mapping[str, Any]) -> Gateway:
        folder.mkdir(exist_ok=True)
        for name, text in rules.items():
            (folder / name).write_text(text)
        settings: dict[str, Mapping[str, Any]] = {
            "admin": {"key": ADMIN_KEY},
            "ordercloud": {"url": ordercloud.url, "clients": [STOREFRONT]},
            "cdp": {
                "url": cdp.url,
                "client_key": "sandbox",
                "point_of_sale": "demo",
                "timeout": "5s",
            },
            "rules": {"folder": folder},
        }
        for name, section in sections.items():
            settings[name] = {**settings.get(name, {}), **section}
        return await servers.start(running_gateway(Config.model_validate(settings)))

    return start


@pytest.fixture
def unreachable() -> Iterator[str]:
    """Return an address where nobody listens."""
    with free_socket() as silent:
        yield url_of(silent)
