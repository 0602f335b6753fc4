"""The administration API of a tenant, as the CDP sandbox offers it."""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.edge.tenant import Tenant
from proxy.errors import UpstreamBroken, UpstreamError, UpstreamFailed, UpstreamRefused
from proxy.sections import Tenant as TenantConfig
from tests.edge.conftest import Connect
from tests.emulators import Cdp
from tests.servers import Servers, free_socket, url_of

CONFIG = TenantConfig(client_id="sandbox-client", client_secret=SecretStr("sandbox-secret"))


@pytest.fixture
async def tenant(cdp: Cdp, connect: Connect) -> Tenant:
    upstream = await connect(cdp.url)
    return Tenant(upstream, upstream, CONFIG)


async def test_every_flow_is_read_with_what_its_template_and_tables_put_out(
    tenant: Tenant,
) -> None:
    flows = await tenant.fetch_flows()
    hero = flows["home_hero"]
    assert hero.why_idle is None
    assert hero.keys == frozenset({"persona"})
    assert hero.values == {"persona": {"vip", "loyal", "repeatCustomer", "browser", "newVisitor"}}
    assert flows["offers"].values == {"audience": {"vip", "repeatCustomer", "newVisitor"}}
    assert flows["recommended"].keys == frozenset({"productIds", "strategy"})
    assert flows["recommended"].values == {}
    assert flows["abandoned_cart"].why_idle is not None


async def test_the_token_is_fetched_once_and_sent_with_every_request(
    tenant: Tenant, cdp: Cdp
) -> None:
    await tenant.fetch_flows()
    (grant,) = await cdp.seen("/oauth/token")
    assert '"grant_type":"client_credentials"' in grant["body"]
    assert '"audience":"https://api.sitecorecloud.io"' in grant["body"]
    read = [*await cdp.seen("/v3/"), *await cdp.seen("/v2/decisionModelDefinitions")]
    assert len(read) > 2
    assert len({one["headers"]["authorization"] for one in read}) == 1


async def test_a_tenant_with_more_flows_than_a_page_holds_is_read_to_the_end(
    tenant: Tenant, cdp: Cdp
) -> None:
    for number in range(205):
        await cdp.decide(f"flow_{number}", {"persona": "vip"})
    flows = await tenant.fetch_flows()
    assert {f"flow_{number}" for number in range(205)} <= flows.keys()
    pages = [one["query"] for one in await cdp.seen("/v3/flowDefinitions")]
    assert pages == [f"offset={offset}&limit=100" for offset in (0, 100, 200)]


async def test_the_tenant_may_give_smaller_pages_than_were_asked_for(
    servers: Servers, connect: Connect
) -> None:
    async def list_flows(request: Request) -> Response:
        offset = int(request.query_params["offset"])
        ids = [f"flow_{number}" for number in range(25)][offset : offset + 10]
        items = [{"friendlyId": friendly_id} for friendly_id in ids]
        return JSONResponse({"offset": offset, "limit": 10, "items": items})

    upstream = await connect(await servers.serve(_tenant(list_flows)))
    assert len(await Tenant(upstream, upstream, CONFIG).fetch_flows()) == 25


async def test_wrong_credentials_are_told_with_the_setting_they_come_from(
    cdp: Cdp, connect: Connect
) -> None:
    upstream = await connect(cdp.url)
    for secret in (SecretStr("wrong"), None):
        config = CONFIG.model_copy(update={"client_secret": secret})
        with pytest.raises(UpstreamFailed, match=r"401 to tenant\.client_id"):
            await Tenant(upstream, upstream, config).fetch_flows()
    assert not await cdp.seen("/v3/")


@pytest.mark.parametrize(
    ("path", "fault", "error", "message"),
    [
        ("/v3/", {"status": 401}, UpstreamFailed, "answered 401 for /v3/flowDefinitions"),
        ("/v3/", {"status": 403}, UpstreamFailed, "answered 403 for /v3/flowDefinitions"),
        ("/v3/", {"body": '{"items": ['}, UpstreamBroken, "cannot be read"),
        ("/v3/", {"body": '{"flows": []}'}, UpstreamBroken, "cannot be read"),
        ("/v3/", {"body": '{"items": [1]}'}, UpstreamBroken, "cannot be read"),
        ("/v3/", {"truncate": 20}, UpstreamRefused, "cannot be reached"),
        ("/v3/", {"drop": True}, UpstreamRefused, "cannot be reached"),
        ("/v2/decisionModelDefinitions", {"status": 500}, UpstreamFailed, "500 for /v2/decision"),
        ("/v2/decisionModelDefinitions", {"body": "[]"}, UpstreamBroken, "cannot be read"),
        ("/oauth/token", {"body": "{}"}, UpstreamBroken, "cannot be read"),
        ("/oauth/token", {"body": "<html>"}, UpstreamBroken, "cannot be read"),
    ],
)
async def test_an_answer_that_is_no_use_is_an_error_that_says_so(
    tenant: Tenant,
    cdp: Cdp,
    *,
    path: str,
    fault: dict[str, object],
    error: type[UpstreamError],
    message: str,
) -> None:
    await cdp.fail(path, **fault)
    with pytest.raises(error, match=message) as caught:
        await tenant.fetch_flows()
    assert "sandbox-secret" not in str(caught.value)


async def test_a_tenant_that_cannot_be_reached_is_an_error(connect: Connect) -> None:
    with free_socket() as nobody:
        upstream = await connect(url_of(nobody))
        with pytest.raises(UpstreamRefused):
            await Tenant(upstream, upstream, CONFIG).fetch_flows()


async def test_variants_that_are_not_in_production_put_nothing_out(
    servers: Servers, connect: Connect
) -> None:
    async def list_flows(_: Request) -> Response:
        tasks = [{"input": {"decisionModelRefs": ["m"]}}, {"input": {"template": '{"p": "${p}"}'}}]
        return JSONResponse({"items": [{"friendlyId": "f", "variants": [{"tasks": tasks}]}]})

    async def list_variants(_: Request) -> Response:
        draft = {"definition": _table("draft"), "inProduction": False}
        return JSONResponse({"items": [{"definition": _table("vip")}, draft]})

    upstream = await connect(await servers.serve(_tenant(list_flows, list_variants)))
    flows = await Tenant(upstream, upstream, CONFIG).fetch_flows()
    assert flows["f"].values == {"p": {"vip"}}


Endpoint = Callable[[Request], Awaitable[Response]]


def _tenant(list_flows: Endpoint, list_variants: Endpoint | None = None) -> Starlette:
    """Return a tenant of the test's own, which gives a token to everybody."""

    async def issue_token(_: Request) -> Response:
        return JSONResponse({"access_token": "t"})

    routes = [
        Route("/oauth/token", issue_token, methods=["POST"]),
        Route("/v3/flowDefinitions", list_flows),
    ]
    if list_variants is not None:
        routes.append(Route("/v2/decisionModelDefinitions/m/variants", list_variants))
    return Starlette(routes=routes)


def _table(value: str) -> str:
    """Return the DMN of a table whose only output is *value*, called p."""
    return (
        '<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd"><decisionTable>'
        f'<output name="p"/><rule><outputEntry><text>"{value}"</text></outputEntry></rule>'
        "</decisionTable></definitions>"
    )
