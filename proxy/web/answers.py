"""What the pipeline found, as an HTTP answer: headers that explain it, and a body or a 304."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from proxy.core.codings import Coding, preferred
from proxy.core.hops import Header
from proxy.model import Freshness, Page, Reason, Rung
from proxy.pipeline import Personalized
from proxy.web import fields, recipes
from proxy.web.encodings import Encodings, encode, etag_of
from proxy.web.entrance import header
from proxy.web.etags import is_known
from proxy.web.fields import Bare, Token
from proxy.web.recipes import Pick, Plain
from proxy.web.written import Written

_ALWAYS: tuple[Header, ...] = (
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization, X-Browser-Id, Cookie, Accept-Encoding"),
)
_JSON = (b"content-type", b"application/json")
EXPOSED = (
    "Age",
    "Cache-Status",
    "ETag",
    "Location",
    "Personalization",
    "Retry-After",
    "Server-Timing",
    "X-oc-logid",
    "X-Request-Id",
)
"""Headers that a storefront's script may read."""


class Answers:
    """Renders answers, in the content coding that the caller prefers."""

    def __init__(self, encodings: Encodings) -> None:
        self._encodings = encodings

    async def of(self, request: Request, done: Personalized, *, version: str) -> Written:
        """Return the answer of one placement, by the rules of *version*, or 304."""
        page = done.page.value
        coding = _coding(request, len(page.body))
        etag = etag_of(page, coding)
        headers = [
            (b"etag", etag.encode()),
            (b"personalization", fields.dictionary(_personalization(done)).encode()),
            (b"cache-status", fields.joined(_cache_status(done)).encode()),
            (b"server-timing", _server_timing(done).encode()),
            *_ALWAYS,
            (b"age", b"%d" % done.age_s),
        ]
        if is_known(etag, header(request.scope, b"if-none-match")):
            self._let_repeat(request, done, version, _no_body)
            return Written(headers, None, status=304)
        body = await self._encodings.body(page, coding) if coding else page.body
        whole = self._kept_under(etag) if coding else _whole_body
        self._let_repeat(request, done, version, _no_body if request.method == "HEAD" else whole)
        return _written(headers, body, coding)

    async def of_several(
        self, request: Request, bodies: dict[str, object], every: Sequence[Personalized]
    ) -> Written:
        """Return the answer of several placements: *bodies* by name."""
        members = (fields.member(one.placement, _personalization(one)) for one in every)
        age_s = max((one.age_s for one in every), default=0.0)
        headers = [
            (b"personalization", fields.joined(members).encode()),
            *_ALWAYS,
            (b"age", b"%d" % age_s),
        ]
        body = msgspec.json.encode(bodies)
        coding = _coding(request, len(body))
        return _written(headers, await encode(body, coding) if coding else body, coding)

    def _kept_under(self, etag: str) -> Pick:
        return lambda _: self._encodings.find(etag)

    def _let_repeat(self, request: Request, done: Personalized, version: str, pick: Pick) -> None:
        """Let the answer be given again where that does no more than counting it.

        An experiment's exposure has to be told, and what stands in for a decision or a list to be
        noticed.
        """
        if done.basis is None or done.choice.variant is not None or done.rung is not Rung.MEANT:
            return
        labels = counted(done), (done.placement, done.page.freshness)
        recipes.leave(request.scope, Plain(done.basis, version, pick, *labels, done.kind))


def counted(done: Personalized) -> tuple[str, str, str, str]:
    """Return the label values of the metric of placements."""
    return done.placement, done.choice.rule, kind(done), done.choice.reason


def kind(done: Personalized) -> Freshness:
    """Return how the decision came about: a fallback, if there is none where there should be."""
    decision = done.decision
    is_missing = decision.output is None and decision.reason is not Reason.NO_DECISION
    return Freshness.FALLBACK if is_missing else decision.freshness


def _coding(request: Request, size: int) -> Coding | None:
    return preferred(header(request.scope, b"accept-encoding"), size)


def _written(headers: list[Header], body: bytes, coding: Coding | None) -> Written:
    encoding = [(b"content-encoding", coding.encode())] if coding else []
    return Written([*headers, *encoding, _JSON], body)


def _whole_body(page: Page) -> bytes:
    return page.body


def _no_body(_: Page) -> bytes:
    return b""


def _personalization(done: Personalized) -> dict[str, Bare]:
    members: dict[str, Bare] = {"placement": done.placement, "rule": done.choice.rule}
    if done.choice.segment is not None:
        members["segment"] = done.choice.segment
    if done.choice.variant is not None:
        members["variant"] = done.choice.variant
    members |= {"decision": Token(kind(done)), "reason": Token(done.choice.reason)}
    if done.rung is not Rung.MEANT:
        members["rung"] = Token(done.rung)
    if done.is_preview:
        members["preview"] = True
    return members


def _cache_status(done: Personalized) -> list[str]:
    """Write what each cache did."""
    decision, page = done.decision, done.page
    members = [fields.cache_member("page", page.freshness, page.ttl_s)]
    if decision.reason is not Reason.NO_DECISION:
        members.insert(0, fields.cache_member("decision", decision.freshness, decision.ttl_s))
    return members


def _server_timing(done: Personalized) -> str:
    """Write milliseconds per step: https://www.w3.org/TR/server-timing/."""
    steps = done.timings.steps
    every = {**steps, "total": sum(steps.values())}
    return ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in every.items())
