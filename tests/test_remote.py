"""The admin port of a running gateway, as the command line uses it."""

import pytest

from proxy import remote
from proxy.config import Config
from proxy.errors import DocumentError, UpstreamError, UpstreamFailed
from proxy.sections import Server
from tests.answers import caches
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, OrderCloud
from tests.servers import ADMIN_KEY

_RULES = {"list.yaml": "placement: list\nresource: me/products\ndefault: {query: {pageSize: 3}}"}


def settings(key: str | None = ADMIN_KEY) -> Config:
    return Config.model_validate(
        {
            "admin": {"key": key},
            "ordercloud": {"url": "http://127.0.0.1:1", "clients": [STOREFRONT]},
            "cdp": {"region": "eu", "client_key": "k", "point_of_sale": "p"},
        }
    )


@pytest.mark.parametrize("soft", [False, True])
async def test_it_purges(gateway: StartGateway, ordercloud: OrderCloud, *, soft: bool) -> None:
    running = await gateway(_RULES)
    token = await ordercloud.token()
    await running.get("/placements/list", token)
    url = str(running.admin.base_url)
    await remote.purge(settings(), ["placement:list"], soft=soft, url=url)
    answer = await running.get("/placements/list", token)
    assert caches(answer) == {"page": "hit" if soft else "fwd=miss"}
    assert ("ttl=0" in answer.headers["cache-status"]) is soft


@pytest.mark.parametrize(
    ("key", "tag", "told"),
    [("wrong", "all", "answered 401: send"), (ADMIN_KEY, "nothing", "answered 400: 'nothing'")],
)
async def test_a_refusal_is_told(gateway: StartGateway, key: str, tag: str, told: str) -> None:
    url = str((await gateway(_RULES)).admin.base_url)
    with pytest.raises(UpstreamFailed, match=told):
        await remote.purge(settings(key), [tag], soft=False, url=url)


async def test_whoever_is_no_gateway_is_doubted(ordercloud: OrderCloud) -> None:
    with pytest.raises(UpstreamFailed, match="is that its admin port"):
        await remote.purge(settings(), ["all"], soft=False, url=ordercloud.url)


async def test_a_gateway_that_is_not_there_is_told(unreachable: str) -> None:
    with pytest.raises(UpstreamError, match="cannot be reached"):
        await remote.purge(settings(), ["all"], soft=False, url=unreachable)


async def test_without_a_key_nobody_is_asked() -> None:
    with pytest.raises(DocumentError, match="DECISION_PROXY__ADMIN__KEY"):
        await remote.purge(settings(None), ["all"], soft=False, url=None)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081"),
        ("0.0.0.0", "http://127.0.0.1:8081"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:8081"),
        ("10.0.0.7", "http://10.0.0.7:8081"),
    ],
)
def test_a_port_on_all_addresses_answers_on_this_machine(host: str, url: str) -> None:
    assert remote.admin_url(Server(admin_host=host)) == url
