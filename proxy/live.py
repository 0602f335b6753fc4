"""`decision-proxy check --live`: the rules held against the CDP tenant and the catalogue."""

from proxy.catalogue import check_catalogue
from proxy.config import Config
from proxy.core.lint import Findings
from proxy.core.tenant import compare
from proxy.edge.http import connected
from proxy.edge.tenant import Tenant
from proxy.errors import Problem
from proxy.ruleset import RuleSet

_LIMIT_S = 30.0


async def check(settings: Config, rules: RuleSet) -> Findings:
    """Compare the rules with the tenant, where its administration is configured, and the catalogue.

    Raises:
        ProxyError: one of them cannot be asked.
    """
    found = await check_catalogue(settings, rules)
    if settings.tenant.client_id and settings.tenant.client_secret:
        return found + await check_tenant(settings, rules)
    what = "flows were not compared with CDP"
    mend = "set tenant.client_id, and DECISION_PROXY__TENANT__CLIENT_SECRET"
    return found + Findings(notes=(Problem("tenant", 0, 0, what, mend),))


async def check_tenant(settings: Config, rules: RuleSet) -> Findings:
    """Compare every placement's flow, keys and segments with the tenant's definitions.

    Raises:
        UpstreamError: the tenant's administration API gives no usable answer.
    """
    tenant = settings.tenant
    url = tenant.url or settings.cdp.base_url
    async with (
        connected(name="the tenant", url=url, limit_s=_LIMIT_S, in_flight=4) as api,
        connected(
            name="the tenant's sign-in", url=tenant.auth_url, limit_s=_LIMIT_S, in_flight=4
        ) as auth,
    ):
        flows = await Tenant(api, auth, tenant).fetch_flows()
    return compare(rules.placements.values(), flows)
