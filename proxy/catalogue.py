"""`decision-proxy check --live`: every fixed list of the rules, fetched as those it is meant for.

What a decision would still have to fill in cannot be fetched, and is left out.
"""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import msgspec

from proxy.config import Config
from proxy.core import listing
from proxy.core.compose import ListTemplate
from proxy.core.lint import Findings
from proxy.core.placement import Placement, Rule, Split
from proxy.core.resources import ID
from proxy.edge.http import connected
from proxy.edge.ordercloud import OrderCloud, SignIn
from proxy.edge.token import Verifier
from proxy.errors import OrderCloudRefused, Problem
from proxy.model import Asked, Composition, ListQuery, Page, Shopper
from proxy.reload import RuleSet
from proxy.tasks import Tasks

_LIMIT_S = 30.0
_IN_FLIGHT = 4


class _Error(msgspec.Struct):
    ErrorCode: str = ""
    Message: str = ""


class _Errors(msgspec.Struct):
    Errors: list[_Error] = []


async def check_catalogue(settings: Config, rules: RuleSet) -> Findings:
    """Fetch what the rules list, and report what is refused, empty, missing or invisible.

    A rule for a segment is fetched as the shopper that `check.shoppers` names for the segment,
    every other as an anonymous one.

    Raises:
        ProxyError: nobody can be signed in, or OrderCloud gives no usable answer.
    """
    oc = settings.ordercloud
    async with (
        connected(name="OrderCloud", url=oc.url, limit_s=_LIMIT_S, in_flight=_IN_FLIGHT) as api,
        connected(
            name="OrderCloud's sign-in",
            url=oc.auth_url or oc.url,
            limit_s=_LIMIT_S,
            in_flight=_IN_FLIGHT,
        ) as auth,
    ):
        verifier = Verifier(api, auth, oc, tasks=Tasks(), clock=time.time)
        shelf = _Shelf(OrderCloud(api), SignIn(auth, oc.clients[0]), verifier, settings)
        problems = [
            problem
            for placement in rules.placements.values()
            async for problem in shelf.examine(placement)
        ]
    return Findings(tuple(problems))


class _Shelf:
    """The catalogue, as the shoppers of each segment see it."""

    def __init__(
        self, catalog: OrderCloud, sign_in: SignIn, verifier: Verifier, settings: Config
    ) -> None:
        self._catalog = catalog
        self._sign_in = sign_in
        self._verifier = verifier
        self._settings = settings.check
        self._shoppers: dict[str | None, Shopper] = {}
        self._filled: dict[tuple[str, str, str], bool] = {}

    async def examine(self, placement: Placement) -> AsyncIterator[Problem]:
        """Give what is wrong with each list of *placement*."""
        for rule in placement.rules:
            for template in _templates(rule):
                async for what, mend in self._examine(template, await self._shopper(rule)):
                    yield Problem(placement.file, rule.line, 1, f"'{rule.name}': {what}", mend)
        async for what, mend in self._examine(placement.default, await self._shopper(None)):
            yield Problem(placement.file, 1, 1, f"default: {what}", mend)

    async def _examine(
        self, template: ListTemplate, shopper: Shopper
    ) -> AsyncIterator[tuple[str, str]]:
        if template.picks:
            return
        for query in _queries(template):
            try:
                page = await self._catalog.fetch_list(query, shopper)
            except OrderCloudRefused as exc:
                yield f"OrderCloud refuses the list: {_message(exc)}", "mend the query"
                continue
            for finding in _look(query, page, _named(shopper)):
                yield finding
            for name in sorted(_xp(query)):
                if not await self._is_filled(query.resource, name, shopper):
                    what = f"no item has {name} for {_named(shopper)}"
                    yield what, "check how the field is written"

    async def _is_filled(self, resource: str, name: str, shopper: Shopper) -> bool:
        """Say whether any item has the field *name*; asked once."""
        key = resource, name, shopper.id
        if key not in self._filled:
            query = ListQuery(resource, ((name, "*"), ("pageSize", "1")))
            try:
                page = await self._catalog.fetch_list(query, shopper)
            except OrderCloudRefused:
                return True  # which the list itself has told
            self._filled[key] = page.item_count > 0
        return self._filled[key]

    async def _shopper(self, rule: Rule | None) -> Shopper:
        known = self._settings.shoppers
        segments = sorted(rule.segments) if rule else []
        username = next((known[segment] for segment in segments if segment in known), None)
        if username not in self._shoppers:
            secret = self._settings.password
            token = await self._sign_in.fetch_token(
                username, secret.get_secret_value() if secret else ""
            )
            self._shoppers[username] = await self._verifier.verify(f"Bearer {token}")
        return self._shoppers[username]


def _templates(rule: Rule) -> Iterator[ListTemplate]:
    if isinstance(rule.then, Split):
        yield from rule.then.variants.values()
    elif isinstance(rule.then, ListTemplate):
        yield rule.then


def _queries(template: ListTemplate) -> tuple[ListQuery, ...]:
    """Return each list that the template is made of."""
    listed = template.fill(None, Asked())
    queries = (*listed.parts, *listed.fills) if isinstance(listed, Composition) else (listed,)
    return tuple(map(_whole, queries))


def _whole(query: ListQuery) -> ListQuery:
    """Return *query* with all that it names by ID on one page."""
    ids = query.order or _ids(query)
    if not ids:
        return query
    params = tuple(param for param in query.params if param[0] not in {"ID", "pageSize"})
    return replace(query, params=params, order=ids, page=1, page_size=len(ids))


def _look(query: ListQuery, page: Page, whom: str) -> Iterator[tuple[str, str]]:
    """Give what is missing from *page*."""
    if page.item_count == 0:
        yield f"the list is empty for {whom}", "widen it, or make the items visible"
    found = {listing.id_of(item).casefold() for item in listing.parse(page.body).items}
    for one in query.order:
        if one.casefold() not in found:
            yield f"'{one}' is not there for {whom}", "remove it, or make it visible"


def _ids(query: ListQuery) -> tuple[str, ...]:
    """Return the IDs of a query that does nothing but name IDs one by one."""
    named = [one for name, text in query.params if name == "ID" for one in text.split("|")]
    return tuple(named) if all(map(ID.fullmatch, named)) else ()


def _xp(query: ListQuery) -> set[str]:
    """Return the xp fields that the query filters or sorts by."""
    filtered = {one for name, _ in query.params for one in name.split("|")}
    sorts = (text for name, text in query.params if name == "sortBy")
    sorted_by = {one.removeprefix("!") for text in sorts for one in text.split(",")}
    return {name for name in filtered | sorted_by if name.startswith("xp.")}


def _named(shopper: Shopper) -> str:
    return "anonymous shoppers" if shopper.is_anonymous else shopper.username


def _message(refusal: OrderCloudRefused) -> str:
    try:
        errors = msgspec.json.decode(refusal.body, type=_Errors).Errors
    except msgspec.DecodeError:
        return str(refusal)
    return "; ".join(f"{error.ErrorCode}: {error.Message}" for error in errors) or str(refusal)
