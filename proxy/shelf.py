"""OrderCloud's lists as test shoppers see them, for commands that look before a rule goes live."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

from proxy.config import Config
from proxy.core import listing
from proxy.core.choose import Listed
from proxy.core.compose import compose
from proxy.core.diff import Change
from proxy.core.given import Given
from proxy.core.impact import Impact, moves
from proxy.core.placement import Rule
from proxy.edge.http import connected
from proxy.edge.known import Known
from proxy.edge.ordercloud import OrderCloud, SignIn
from proxy.edge.token import Verifier
from proxy.errors import OrderCloudRefused, ProxyError
from proxy.model import Composition, ListQuery, Page, Shopper
from proxy.preview import Look
from proxy.sections import Check
from proxy.tasks import Tasks

_LIMIT_S = 30.0
_IN_FLIGHT = 4
_TOLD_APART = ("group", "buyer", "segment", "language", "currency", "anonymous")
"""What test shoppers are named for; who is in a group says more than who is in a segment."""

Wanted = Mapping[str, Iterable[str]]
"""What a shopper has to be, in the words of `when`."""


def wanted_by(rule: Rule) -> Wanted:
    """Return whom *rule* is for, as far as test shoppers can be told apart."""
    return {key.subject.name: sorted(key.values) for key in rule.when.keys}


def wanted_of(given: Given) -> Wanted:
    """Return who is supposed."""
    return {
        "segment": given.segments,
        "group": sorted(given.groups),
        "buyer": [given.buyer] if given.buyer else [],
        "language": [given.language] if given.language else [],
        "currency": [given.currency] if given.currency else [],
        "anonymous": [] if given.is_anonymous is None else [str(given.is_anonymous).lower()],
    }


class NobodyNamed(Exception):
    """There is no test shopper of the kind, and an anonymous one would see something else."""


class Shelf:
    """The catalogue, and those who look at it. Each test shopper is signed in once."""

    def __init__(
        self, catalog: OrderCloud, sign_in: SignIn, verifier: Verifier, settings: Check
    ) -> None:
        self._catalog = catalog
        self._sign_in = sign_in
        self._verifier = verifier
        self._settings = settings
        self._shoppers: dict[str | None, Shopper] = {}

    async def shopper(self, wanted: Wanted) -> Shopper:
        """Return the test shopper that `check.shoppers` names, or an anonymous one.

        Raises:
            NobodyNamed: it takes one who has logged in, and none is named.
            ProxyError: nobody can be signed in.
        """
        named = self._settings.shoppers
        username = next((named[name] for name in _names(wanted) if name in named), None)
        if username is None and _is_known(wanted):
            raise NobodyNamed(f"check.shoppers names nobody for {next(_names(wanted))}")
        shopper = self._shoppers.get(username)
        if shopper is None or shopper.expires_at < time.time() + _LIMIT_S:
            shopper = self._shoppers[username] = await self._signed_in(username)
        return shopper

    async def _signed_in(self, username: str | None) -> Shopper:
        secret = self._settings.password
        password = secret.get_secret_value() if secret else ""
        token = await self._sign_in.fetch_token(username, password)
        return await self._verifier.verify(f"Bearer {token}")

    async def fetch(self, then: ListQuery, shopper: Shopper) -> Page:
        """Return the list of one query, as *shopper* sees it.

        Raises:
            OrderCloudRefused: OrderCloud's own error answer.
            UpstreamError: no usable answer.
        """
        return await self._catalog.fetch_list(then, shopper)

    async def look(self, then: Listed, given: Given) -> Look:
        """Return what such a shopper as is *given* is shown, or why nobody can look."""
        try:
            shopper = await self.shopper(wanted_of(given))
            return Look(await self.fetch_shown(then, shopper), named(shopper))
        except (NobodyNamed, ProxyError) as exc:
            return Look(None, why_not=str(exc))

    async def impacts(self, change: Change) -> list[Impact]:
        """Return how each list of *change* changes, for the first shopper touched who can look.

        None where nobody can.

        Raises:
            ProxyError: nobody can be signed in, or OrderCloud gives no usable answer.
        """
        found = await self._looking(change) if change.is_of_lists else None
        if found is None:
            return []
        given, shopper = found
        before, after = (side.listed if side else {} for side in (change.before, change.after))
        impacts: list[Impact] = []
        for variant in after or before:
            old = await self._ids(before.get(variant, before.get("")), shopper)
            new = await self._ids(after.get(variant), shopper)
            impacts.append(
                Impact(
                    placement=change.placement,
                    whom=str(given),
                    shopper=named(shopper),
                    variant=variant,
                    is_newly_empty=not new and (bool(old) or change.before is None),
                    **moves(old, new),
                )
            )
        return impacts

    async def _looking(self, change: Change) -> tuple[Given, Shopper] | None:
        for given in change.givens:
            with contextlib.suppress(NobodyNamed):
                return given, await self.shopper(wanted_of(given))
        return None

    async def _ids(self, then: Listed | None, shopper: Shopper) -> tuple[str, ...]:
        """Return the IDs on the first page; none where there is no list, or it is refused."""
        if then is None:
            return ()
        try:
            page = await self.fetch_shown(then, shopper)
        except OrderCloudRefused as exc:
            if exc.is_outage:
                raise
            return ()
        items = listing.parse(page.body).items if page else ()
        return tuple(map(listing.id_of, items))

    async def fetch_shown(self, then: Listed, shopper: Shopper) -> Page | None:
        """Return what *shopper* is shown, put together like the gateway does.

        None for a list that stands in a decision or a file.

        Raises:
            OrderCloudRefused: OrderCloud's own error answer.
            UpstreamError: no usable answer.
        """
        if isinstance(then, ListQuery):
            return await self.fetch(then, shopper)
        if not isinstance(then, Composition):
            return None
        steps = compose(then)
        query = next(steps)
        while True:
            page = await self.fetch(query, shopper)
            try:
                query = steps.send(page)
            except StopIteration as done:
                shown: Page = done.value
                return shown


@contextlib.asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[Shelf]:
    """Connect to OrderCloud for the block."""
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
        known = Known(settings.cache.tokens)
        verifier = Verifier(api, auth, oc, known=known, tasks=Tasks(), clock=time.time)
        yield Shelf(OrderCloud(api), SignIn(auth, oc.clients[0]), verifier, settings.check)


def named(shopper: Shopper) -> str:
    """Name *shopper* for people."""
    return "anonymous shoppers" if shopper.is_anonymous else shopper.username


def _names(wanted: Wanted) -> Iterator[str]:
    """Give the keys of `check.shoppers` under which such a shopper may stand."""
    for subject in _TOLD_APART:
        for value in wanted.get(subject, ()):
            yield value if subject == "segment" else f"{subject}:{value}"


def _is_known(wanted: Wanted) -> bool:
    """Say whether only a shopper who has logged in can be so."""
    is_member = any(wanted.get(subject, ()) for subject in ("group", "buyer"))
    return is_member or list(wanted.get("anonymous", ())) == ["false"]
