"""`decision-proxy doctor`: is everything usable, in plain words, and what to do if not."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy import config
from proxy.config import Config
from proxy.edge import redis
from proxy.edge.cdp import Cdp
from proxy.edge.http import Upstream, connected
from proxy.edge.known import Known
from proxy.edge.ordercloud import SignIn
from proxy.edge.token import Verifier
from proxy.errors import (
    DocumentError,
    OrderCloudRefused,
    RedisAway,
    TokenError,
    UpstreamError,
    UpstreamFailed,
)
from proxy.model import Call, Guest, Reason
from proxy.remote import admin_url
from proxy.ruleset import load_folder
from proxy.tasks import Tasks
from proxy.web.server import bind

_LIMIT_S = 5.0
_OK = 200
_UNAUTHORIZED = 401
_KEY_MIN = 16
_CDP_MEND = "check cdp.client_key and cdp.point_of_sale (Edge: context_id and site_id)"
_FORGETS_EVENTS = (
    ("allkeys", "when it is full (maxmemory-policy)", "set volatile-lru: all but events expires"),
    ("'aof_enabled': 0", "when it ends (appendonly)", "set it to yes, and appendfsync to always"),
)
"""What Redis says of itself where it is no place for the outbox, and what to do."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined: whether it is fine, what was seen, and what to do if not."""

    part: str
    is_fine: bool
    seen: str
    mend: str = ""

    def as_text(self) -> str:
        """Return it for people, in one or two lines."""
        line = f"{'ok ' if self.is_fine else 'BAD'}  {self.part}: {self.seen}"
        return f"{line}\n     {self.mend}" if self.mend else line


async def examine(config_path: Path | None) -> list[Finding]:
    """Examine configuration, admin key, ports, rules, caches, both upstreams and Redis."""
    try:
        settings = config.load(config_path)
    except DocumentError as exc:
        return [Finding("configuration", False, str(p)) for p in exc.problems]
    return [
        Finding("configuration", True, f"{config_path or 'the environment'} is valid"),
        _examine_admin_key(settings),
        *await _examine_ports(settings),
        _examine_rules(settings),
        _examine_cache(settings),
        *_examine_snapshot(settings),
        _examine_webhooks(settings),
        *await _examine_ordercloud(settings),
        await _examine_cdp(settings),
        *await _examine_redis(settings),
    ]


def _examine_admin_key(settings: Config) -> Finding:
    key = settings.admin.key.get_secret_value() if settings.admin.key else ""
    mend = f"set DECISION_PROXY__ADMIN__KEY, e.g. to {secrets.token_urlsafe(24)}"
    if not key:
        return Finding("admin key", True, "not set, so metrics and config stay closed", mend)
    if len(key) < _KEY_MIN and settings.server.admin_host != "127.0.0.1":
        seen = "short, while the admin port is open to other machines"
        return Finding("admin key", False, seen, mend)
    return Finding("admin key", True, "set")


async def _examine_ports(settings: Config) -> list[Finding]:
    at = settings.server
    ports = (("port", at.host, at.port), ("admin port", at.admin_host, at.admin_port))
    return [await _examine_port(name, host, port, settings) for name, host, port in ports]


async def _examine_port(name: str, host: str, port: int, settings: Config) -> Finding:
    try:
        bind(host, port, setting=f"server.{name.replace(' ', '_')}").close()
    except DocumentError as exc:
        if await _is_gateway(settings):
            return Finding(name, True, f"{host}:{port} is served by a running gateway")
        problem = exc.problems[0]
        return Finding(name, False, problem.what, problem.mend)
    return Finding(name, True, f"{host}:{port} is free")


async def _is_gateway(settings: Config) -> bool:
    async with _connect("gateway", admin_url(settings.server)) as gateway:
        with contextlib.suppress(UpstreamError):
            return (await gateway.request("GET", "/livez", headers={})).status == _OK
    return False


def _examine_rules(settings: Config) -> Finding:
    folder = settings.rules.folder
    if not folder.is_dir():
        mend = "set rules.folder (DECISION_PROXY__RULES__FOLDER)"
        return Finding("rules", False, f"{folder} is not a folder", mend)
    rules = load_folder(folder)
    if rules.problems:
        seen = f"{len(rules.problems)} mistakes; the first is {rules.problems[0]}"
        return Finding("rules", False, seen, f"run: decision-proxy check {folder}")
    if not rules.placements:
        return Finding(
            "rules", False, f"{folder} defines no placement", "add a file; docs/rules.md"
        )
    return Finding("rules", True, f"{len(rules.placements)} placements in {folder}")


def _examine_cache(settings: Config) -> Finding:
    wanted = settings.cache.pages + settings.cache.decisions
    limit = _memory_limit_bytes()
    seen = f"{wanted // 1024**2} MiB of the {limit // 1024**2} MiB that this machine may use"
    if wanted > limit * 0.8:
        return Finding("cache", False, seen, "lower cache.pages and cache.decisions")
    return Finding("cache", True, seen)


def _examine_snapshot(settings: Config) -> Iterator[Finding]:
    path = settings.cache.snapshot
    if path is None:
        return
    folder = next(each for each in path.absolute().parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK):
        yield Finding("snapshot", True, f"{path} can be written")
    else:
        mend = "let the gateway write there, or set cache.snapshot to another place"
        yield Finding("snapshot", False, f"{folder} cannot be written", mend)


def _examine_webhooks(settings: Config) -> Finding:
    if settings.events.webhook_key is not None:
        return Finding("webhooks", True, "a hash key is set, so OrderCloud's are believed")
    seen = "no hash key is set, so an edit in OrderCloud shows after cache.page_fresh"
    mend = "set DECISION_PROXY__EVENTS__WEBHOOK_KEY; decision-proxy webhook prints what to register"
    return Finding("webhooks", True, seen, mend)


def _memory_limit_bytes() -> int:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        return min(physical, int(_CGROUP_LIMIT.read_text()))
    return physical


async def _examine_ordercloud(settings: Config) -> list[Finding]:
    url = settings.ordercloud.url
    auth_url = settings.ordercloud.auth_url or url
    async with _connect("OrderCloud", url) as api, _connect("OrderCloud", auth_url) as auth:
        try:
            answer = await api.request("GET", "/v1/me", headers={})
        except UpstreamError as exc:
            mend = "check ordercloud.url, and that this machine may reach it"
            return [Finding("OrderCloud", False, f"{url}: {exc}", mend)]
        if answer.status != _UNAUTHORIZED:
            seen = f"{url} answered {answer.status} to a call without a token, not 401"
            return [Finding("OrderCloud", False, seen, "is ordercloud.url an OrderCloud API?")]
        reached = Finding("OrderCloud", True, f"{url} answers")
        return [reached, await _examine_tokens(settings, api, auth)]


async def _examine_tokens(settings: Config, api: Upstream, auth: Upstream) -> Finding:
    """Take an anonymous token, as a storefront does, and verify it as the gateway does."""
    client = settings.ordercloud.clients[0]
    try:
        token = await SignIn(auth, client).fetch_token()
        known = Known(settings.cache.tokens)
        verifier = Verifier(
            api, auth, settings.ordercloud, known=known, tasks=Tasks(), clock=time.time
        )
        await verifier.verify(f"Bearer {token}")
    except OrderCloudRefused as exc:
        seen = f"not checked: {client} gives no anonymous token (HTTP {exc.answer_status})"
        return Finding("token keys", True, seen)
    except TokenError as exc:
        mend = "check ordercloud.issuers, audiences, clients and user_types"
        return Finding("token keys", False, f"a token of {client} was refused: {exc}", mend)
    except UpstreamError as exc:
        return Finding("token keys", False, str(exc), "check ordercloud.auth_url")
    return Finding("token keys", True, f"an anonymous token of {client} verifies")


async def _examine_cdp(settings: Config) -> Finding:
    """Run a flow that does not exist, so that nothing is recorded for anybody."""
    url = settings.cdp.base_url
    call = Call(
        friendly_id="decision_proxy_doctor",
        guest=Guest(identifier="decision-proxy-doctor"),
        params={},
        token=None,
        user_agent=None,
        geo={},
    )
    async with _connect("CDP", url) as upstream:
        try:
            execution = await Cdp(upstream, settings.cdp).execute(call)
        except UpstreamFailed as exc:
            return Finding("CDP", False, f"{url}: {exc}", _CDP_MEND)
        except UpstreamError as exc:
            mend = "check cdp.url; until CDP answers, shoppers see the defaults"
            return Finding("CDP", False, f"{url}: {exc}", mend)
    if execution.reason is Reason.FLOW_REFUSED:
        seen = f"{url} does not run flows for this tenant"
        return Finding("CDP", False, seen, _CDP_MEND)
    return Finding("CDP", True, f"{url} runs flows")


async def _examine_redis(settings: Config) -> list[Finding]:
    """Reach Redis, if there is any, and ask what it forgets when it is full."""
    nodes = ", ".join(settings.redis.nodes)
    if not nodes:
        return []
    async with redis.connected(settings.redis) as server:
        try:
            facts = str(await server.call(lambda client: client.info()))
        except RedisAway as exc:
            mend = "check redis.nodes and mode; until it answers, each replica is on its own"
            return [Finding("Redis", False, f"{nodes}: {exc}", mend)]
    for sign, seen, mend in _FORGETS_EVENTS if settings.events.outbox == "redis" else ():
        if sign in facts:
            return [Finding("Redis", False, f"{nodes} may forget events {seen}", mend)]
    return [Finding("Redis", True, f"{nodes} answers")]


def _connect(name: str, url: str) -> contextlib.AbstractAsyncContextManager[Upstream]:
    return connected(name=name, url=url, limit_s=_LIMIT_S, in_flight=4)
