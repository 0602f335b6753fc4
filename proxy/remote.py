"""A running gateway, asked over its admin port."""

from collections.abc import Sequence

import msgspec

from proxy.config import Config
from proxy.core import traffic
from proxy.core.traffic import Traffic
from proxy.edge.http import connected
from proxy.errors import UNREADABLE, DocumentError, Problem, UpstreamBroken, UpstreamFailed
from proxy.sections import Server

_LIMIT_S = 10.0
_OK = 200
_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - none is bound


class _Problem(msgspec.Struct):
    detail: str


def admin_url(at: Server) -> str:
    """Return where the admin port answers on this machine."""
    host = _ANYWHERE.get(at.admin_host, at.admin_host)
    return f"http://[{host}]:{at.admin_port}" if ":" in host else f"http://{host}:{at.admin_port}"


async def purge(settings: Config, tags: Sequence[str], *, soft: bool, url: str | None) -> None:
    """Have the gateway at *url*, or the configured one, purge *tags*.

    Raises:
        DocumentError: no admin key is configured.
        UpstreamError: the gateway cannot be reached, or refused.
    """
    body = msgspec.json.encode({"tags": tags, "soft": soft})
    await _call(settings, "POST", "/purge", url=url, body=body)


async def fetch_traffic(settings: Config, *, url: str | None) -> Traffic:
    """Ask the gateway at *url*, or the configured one, what it has shown of late.

    Shape: GET /traffic -> {"since", "until", "counted": [{"kind", "answers"}, …], "others"}.

    Raises:
        DocumentError: no admin key is configured.
        UpstreamError: the gateway cannot be reached, or refused.
    """
    try:
        return traffic.read(await _call(settings, "GET", "/traffic", url=url))
    except traffic.NoTraffic as exc:
        raise UpstreamBroken(f"the gateway's answer: {exc}") from exc


async def _call(
    settings: Config, method: str, path: str, *, url: str | None, body: bytes = b""
) -> bytes:
    if settings.admin.key is None:
        what, mend = "no admin key is set", "set DECISION_PROXY__ADMIN__KEY to the gateway's"
        raise DocumentError((Problem("admin.key", 0, 0, what, mend),))
    url = url or admin_url(settings.server)
    headers = {
        "authorization": f"Bearer {settings.admin.key.get_secret_value()}",
        "content-type": "application/json",
    }
    name = f"the gateway at {url}"
    async with connected(name=name, url=url, limit_s=_LIMIT_S, in_flight=1) as gateway:
        answer = await gateway.request(method, path, headers=headers, content=body)
    if answer.status != _OK:
        raise UpstreamFailed(f"{name} answered {answer.status}: {_detail(answer.body)}")
    return answer.body


def _detail(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Problem).detail
    except UNREADABLE:
        return "is that its admin port?"
