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
from proxy.edge.logs import Sampled
from proxy.edge.telemetry import Metrics
from proxy.errors import OrderCloudRefused, ProxyError, RequestError, TokenError
from proxy.model import AS_MEANT, Asked, Rung, Visitor
from proxy.pipeline import Personalized, Pipeline
from proxy.ruleset import RuleSet
from proxy.sections import Cdp
from proxy.web import answers, problems
from proxy.web.answers import Answers
from proxy.web.browsers import BrowserIds
from proxy.web.encodings import Encodings
from proxy.web.entrance import header
from proxy.web.previews import Previews

_READING = frozenset({"GET", "HEAD"})
_PAGE_MAX = 100_000
_QUERY_MAX_BYTES = 4096
_NAMES_MAX = 20
_WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
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
        encodings: Encodings,
        previews: Previews,
        on_shown: OnShown | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._rules = rules
        self._metrics = metrics
        self._fallbacks = Sampled(_log, clock=time.monotonic)
        self._answers = Answers(encodings)
        self._previews = previews
        self._on_shown = on_shown
        self._browser_ids = BrowserIds(cdp)
        self._geo_headers = [
            (part, name.lower().encode("latin-1")) for part, name in cdp.geo_headers.items()
        ]

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
        return await self._answers.of(request, done, version=version)

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
        return await self._answers.of_several(request, bodies, done)

    async def _personalize_by_name(self, request: Request, name: str) -> Personalized:
        placement = self._rules().placement(name)
        return await self._personalize(request, placement, self._asked(request, placement))

    async def _personalize(
        self, request: Request, placement: Placement, asked: Asked
    ) -> Personalized:
        authorization = header(request.scope, b"authorization")
        supposed = self._previews.supposed(request)
        done = await self._pipeline.personalize(placement, authorization, asked, supposed)
        if done.is_preview:
            return done
        self._metrics.observe_placement(*answers.counted(done), page=done.page.freshness)
        self._metrics.note_shown(done.kind)
        if done.rung is not Rung.MEANT:
            self._metrics.rungs.labels(done.placement, done.rung).inc()
        if self._on_shown is not None:
            self._on_shown(request, asked, done)
        if done.decision.reason not in AS_MEANT:
            self._fallbacks.warning(
                "no decision from CDP",
                placement=done.placement,
                reason=done.decision.reason,
                shown=answers.kind(done),
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
        found = {part: header(request.scope, name) for part, name in self._geo_headers}
        return Visitor(
            browser_id=self._browser_ids.of(request, browser_id),
            user_agent=header(request.scope, b"user-agent"),
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
