"""`decision-proxy check --live`: every fixed list of the rules, fetched as those it is meant for.

What a decision would still have to fill in cannot be fetched, and is left out.
"""

from collections.abc import AsyncIterator, Iterator

import msgspec
from msgspec.structs import replace

from proxy import shelf
from proxy.config import Config
from proxy.core import listing
from proxy.core.compose import ListTemplate
from proxy.core.lint import Findings
from proxy.core.placement import Placement, Rule, Split
from proxy.core.resources import ID
from proxy.errors import OrderCloudRefused, Problem
from proxy.model import Asked, Composition, ListQuery, Page, Shopper
from proxy.ruleset import RuleSet
from proxy.shelf import NobodyNamed, Shelf, named


class _Error(msgspec.Struct):
    ErrorCode: str = ""
    Message: str = ""


class _Errors(msgspec.Struct):
    Errors: list[_Error] = []


async def check_catalogue(settings: Config, rules: RuleSet) -> Findings:
    """Fetch what the rules list, and report what is refused, empty, missing or invisible.

    A rule is looked at as the shopper that `check.shoppers` names for one of its kind, else as an
    anonymous one; a rule that is for none of those is left out, with a note.

    Raises:
        ProxyError: nobody can be signed in, or OrderCloud gives no usable answer.
    """
    async with shelf.opened(settings) as opened:
        catalogue = _Catalogue(opened)
        found = Findings()
        for placement in rules.placements.values():
            found += await catalogue.examine(placement)
    return found


class _Catalogue:
    """What is in OrderCloud's lists, compared with what rules take to be there."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._filled: dict[tuple[str, str, str], bool] = {}

    async def examine(self, placement: Placement) -> Findings:
        """Return what is wrong with each list of *placement*."""
        anonymous = await self._shelf.shopper({})
        default = [
            Problem(placement.file, 1, 1, f"default: {what}", mend)
            async for what, mend in self._examine(placement.default, anonymous)
        ]
        found = Findings()
        for rule in placement.rules:
            found += await self._examine_rule(placement, rule)
        return found + Findings(tuple(default))

    async def _examine_rule(self, placement: Placement, rule: Rule) -> Findings:
        fixed = [template for template in _templates(rule) if not template.picks]
        if not fixed:
            return Findings()
        try:
            shopper = await self._shelf.shopper(shelf.wanted_by(rule))
        except NobodyNamed as exc:
            what, mend = f"'{rule.name}' was not looked at: {exc}", "name a test shopper"
            return Findings(notes=(Problem(placement.file, rule.line, 1, what, mend),))
        problems = [
            Problem(placement.file, rule.line, 1, f"'{rule.name}': {what}", mend)
            for template in fixed
            async for what, mend in self._examine(template, shopper)
        ]
        return Findings(tuple(problems))

    async def _examine(
        self, template: ListTemplate, shopper: Shopper
    ) -> AsyncIterator[tuple[str, str]]:
        for query in _queries(template):
            try:
                page = await self._shelf.fetch(query, shopper)
            except OrderCloudRefused as exc:
                yield f"OrderCloud refuses the list: {_message(exc)}", "mend the query"
                continue
            for finding in _look(query, page, named(shopper)):
                yield finding
            for name in sorted(_xp(query)):
                if not await self._is_filled(query.resource, name, shopper):
                    what = f"no item has {name} for {named(shopper)}"
                    yield what, "check how the field is written"

    async def _is_filled(self, resource: str, name: str, shopper: Shopper) -> bool:
        """Say whether any item has the field *name*; asked once."""
        key = resource, name, shopper.id
        if key not in self._filled:
            query = ListQuery(resource, ((name, "*"), ("pageSize", "1")))
            try:
                page = await self._shelf.fetch(query, shopper)
            except OrderCloudRefused:
                return True  # which the list itself has told
            self._filled[key] = page.item_count > 0
        return self._filled[key]


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


def _message(refusal: OrderCloudRefused) -> str:
    try:
        errors = msgspec.json.decode(refusal.body, type=_Errors).Errors
    except msgspec.DecodeError:
        return str(refusal)
    return "; ".join(f"{error.ErrorCode}: {error.Message}" for error in errors) or str(refusal)
