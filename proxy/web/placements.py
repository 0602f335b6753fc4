"""`GET /placements/{name}` and `GET /placements?names=…`: parse, call the pipeline, render."""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from proxy.core import inplace
from proxy.core.placement import Placement
from proxy.core.query import PAGE_SIZE_MAX
from proxy.edge.telemetry import Metrics, Sampled
from proxy.errors import OrderCloudRefused, ProxyError, RequestError, TokenError
from proxy.model import AS_MEANT, Asked, Freshness, Page, Reason, Rung, Visitor
from proxy.pipeline import Personalized, Pipeline
from proxy.reload import RuleSet
from proxy.sections import Cdp
from proxy.web import fields, problems, recipes
from proxy.web.browsers import BrowserIds
from proxy.web.fields import Bare, Token

_READING = frozenset({"GET", "HEAD"})
_PAGE_MAX = 100_000
_QUERY_MAX_BYTES = 4096
_NAMES_MAX = 20
_WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
_VARY = "Authorization, X-Browser-Id, Cookie"
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

OnShown = Callable[[Request, Asked, Personalized], None]
"""Told what a shopper is shown; it must return at once."""

_log = logging.getLogger(__name__)


class Placements:
    """The placement endpoints."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        rules: Callable[[], RuleSet],
        metrics: Metrics,
        cdp: Cdp,
        on_shown: OnShown | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._rules = rules
        self._metrics = metrics
        self._fallbacks = Sampled(_log, clock=time.monotonic)
        self._cdp = cdp
        self._on_shown = on_shown
        self._browser_ids = BrowserIds(cdp)

    async def one(self, request: Request) -> Response:
        """Answer one placement with OrderCloud's list, or 304."""
        placement = self._rules().placement(request.path_params["name"])
        return await self._answer(request, placement, self._asked(request, placement))

    async def in_place(self, request: Request) -> Response | None:
        """Answer an OrderCloud call that a placement is bound to; None: leave it to OrderCloud.

        So it is with every other call, with one that asks for a list of its own, and where the
        token or the list is refused: OrderCloud says so itself.
        """
        placement = self._rules().bound.get(request.scope["raw_path"].decode("ascii"))
        if placement is None or request.method not in _READING:
            return None
        query = request.scope["query_string"].decode("ascii")
        asked = inplace.asked(query, placement, self._visitor(request, None))
        if asked is None:
            return None
        try:
            return await self._answer(request, placement, asked)
        except (TokenError, OrderCloudRefused):
            return None

    async def _answer(self, request: Request, placement: Placement, asked: Asked) -> Response:
        version = self._rules().version
        done = await self._personalize(request, placement, asked)
        headers = {
            "etag": done.page.value.etag,
            "personalization": fields.dictionary(_personalization(done)),
            "cache-status": fields.joined(_cache_status(done)),
            "server-timing": _server_timing(done),
        }
        response = _answer(request, done.page.value.body, done.age_s, headers)
        self._leave(request, version, done, response)
        return response

    def _leave(
        self, request: Request, version: str, done: Personalized, response: Response
    ) -> None:
        """Let the answer be given again where giving it does no more than is done here."""
        if done.basis is None or done.choice.variant is not None:
            return
        pick = _no_body if request.method == "HEAD" or not response.body else _whole_body
        counted = _counted(done), (done.placement, done.page.freshness)
        recipes.leave(request.scope, recipes.Plain(done.basis, version, pick, *counted))

    async def several(self, request: Request) -> Response:
        """Answer several placements in one object: a list by name, or a problem."""
        names = _names(request.query_params.get("names", ""))
        answers = await asyncio.gather(
            *(self._personalize_by_name(request, name) for name in names), return_exceptions=True
        )
        bodies: dict[str, object] = {}
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, TokenError) or not isinstance(answer, Personalized | ProxyError):
                raise answer
            bodies[name] = _part(answer, request.state.request_id)
        done = [answer for answer in answers if isinstance(answer, Personalized)]
        headers = {
            "personalization": fields.joined(
                fields.member(one.placement, _personalization(one)) for one in done
            )
        }
        age_s = max((one.age_s for one in done), default=0.0)
        return _answer(request, msgspec.json.encode(bodies), age_s, headers)

    async def _personalize_by_name(self, request: Request, name: str) -> Personalized:
        placement = self._rules().placement(name)
        return await self._personalize(request, placement, self._asked(request, placement))

    async def _personalize(
        self, request: Request, placement: Placement, asked: Asked
    ) -> Personalized:
        authorization = request.headers.get("authorization")
        done = await self._pipeline.personalize(placement, authorization, asked)
        self._metrics.placements.labels(*_counted(done)).inc()
        self._metrics.pages.labels(done.placement, done.page.freshness).inc()
        if done.rung is not Rung.MEANT:
            self._metrics.rungs.labels(done.placement, done.rung).inc()
        if self._on_shown is not None:
            self._on_shown(request, asked, done)
        if done.decision.reason not in AS_MEANT:
            self._fallbacks.warning(
                "no decision from CDP",
                placement=done.placement,
                reason=done.decision.reason,
                shown=_kind(done),
            )
        return done

    def _asked(self, request: Request, placement: Placement) -> Asked:
        """Read what the storefront asked for; what the placement does not allow is left aside."""
        query = parse_qsl(_query_string(request), keep_blank_values=True)
        known = {name.casefold(): value for name, value in reversed(query)}
        return Asked(
            page=_whole_number("page", known.get("page"), _PAGE_MAX),
            page_size=_whole_number("pageSize", known.get("pagesize"), PAGE_SIZE_MAX),
            params={
                placement.allow[name]: (known[name],)
                for name in placement.allow.keys() & known.keys()
            },
            query={name: known[name] for name in placement.query_names & known.keys()},
            visitor=self._visitor(request, known.get("browserid")),
        )

    def _visitor(self, request: Request, browser_id: str | None) -> Visitor:
        found = {
            part: request.headers.get(header) for part, header in self._cdp.geo_headers.items()
        }
        return Visitor(
            browser_id=self._browser_ids.of(request, browser_id),
            user_agent=request.headers.get("user-agent"),
            geo={part: value for part, value in found.items() if value},
        )


def _query_string(request: Request) -> str:
    text: str = request.scope["query_string"].decode("latin-1")
    if len(text) > _QUERY_MAX_BYTES:
        raise RequestError(f"the query string is longer than {_QUERY_MAX_BYTES} bytes")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names or len(names) > _NAMES_MAX:
        raise RequestError(f"name 1 to {_NAMES_MAX} placements: ?names=home-hero,offers")
    return names


def _whole_number(name: str, text: str | None, most: int) -> int | None:
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > most:
        raise RequestError(f"{name} is a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)


def _part(answer: Personalized | ProxyError, request_id: str) -> object:
    if isinstance(answer, ProxyError):
        return problems.body_of(answer, request_id)
    return msgspec.Raw(answer.page.value.body)


def _answer(request: Request, body: bytes, age_s: float, headers: dict[str, str]) -> Response:
    headers |= {"cache-control": "private, no-cache", "vary": _VARY, "age": str(int(age_s))}
    if "etag" in headers and _is_known(headers["etag"], request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _is_known(etag: str, if_none_match: str | None) -> bool:
    """Say whether the browser has this very body: RFC 9110 section 13.1.2."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def _whole_body(page: Page) -> bytes:
    return page.body


def _no_body(_: Page) -> bytes:
    return b""


def _counted(done: Personalized) -> tuple[str, str, str, str]:
    """Return under which labels the answer is counted."""
    return done.placement, done.choice.rule, _kind(done), done.choice.reason


def _kind(done: Personalized) -> Freshness:
    """Return how the decision came about: a fallback, if there is none where there should be."""
    decision = done.decision
    is_missing = decision.output is None and decision.reason is not Reason.NO_DECISION
    return Freshness.FALLBACK if is_missing else decision.freshness


def _personalization(done: Personalized) -> dict[str, Bare]:
    members: dict[str, Bare] = {"placement": done.placement, "rule": done.choice.rule}
    if done.choice.segment is not None:
        members["segment"] = done.choice.segment
    if done.choice.variant is not None:
        members["variant"] = done.choice.variant
    members |= {"decision": Token(_kind(done)), "reason": Token(done.choice.reason)}
    if done.rung is not Rung.MEANT:
        members["rung"] = Token(done.rung)
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
