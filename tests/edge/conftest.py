"""What the tests of the edge share: upstreams that point anywhere on loopback."""

from typing import Protocol

import pytest

from proxy.edge.breaker import OnCall
from proxy.edge.http import Upstream, connected
from tests.servers import Servers


class Connect(Protocol):
    """Makes upstreams, closed when the test ends."""

    async def __call__(
        self,
        url: str,
        *,
        limit_s: float = 10.0,
        in_flight: int = 10,
        on_call: OnCall = lambda *_: None,
    ) -> Upstream:
        """Return an upstream at *url*."""


@pytest.fixture
def connect(servers: Servers) -> Connect:
    """Make upstreams."""

    async def connect(
        url: str,
        *,
        limit_s: float = 10.0,
        in_flight: int = 10,
        on_call: OnCall = lambda *_: None,
    ) -> Upstream:
        return await servers.start(
            connected(
                name="upstream", url=url, limit_s=limit_s, in_flight=in_flight, on_call=on_call
            )
        )

    return connect
