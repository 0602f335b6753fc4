"""Who is who: browsers, identifiers, and the merging of guests that turn out to be one person."""

from collections.abc import Iterable, Iterator, Mapping

from sandbox.cdp.guests import Guest, GuestType, new_ref

_VISITORS_KEPT_FOR_S = 183 * 24 * 3600.0


class Registry:
    """All guests of a tenant, found by reference, browser, identifier or e-mail address.

    *identity_providers* are the tenant's identity rules: only their identifiers tell who somebody
    is, whatever else is sent is profile data.
    """

    def __init__(self, identity_providers: Iterable[str]) -> None:
        self._identity_providers = frozenset(identity_providers)
        self._guests: dict[str, Guest] = {}
        self._browsers: dict[str, str] = {}
        self._identified: dict[tuple[str, str], str] = {}

    def __iter__(self) -> Iterator[Guest]:
        return iter(tuple(self._guests.values()))

    def __getitem__(self, ref: str) -> Guest:
        return self._guests[ref]

    def get(self, ref: str) -> Guest | None:
        """Return the guest with this reference, if there (still) is one."""
        return self._guests.get(ref)

    def add(self, guest: Guest) -> None:
        """Take *guest* in under its reference and identifiers."""
        self._guests[guest.ref] = guest
        self._identified.update(dict.fromkeys(guest.identifiers.items(), guest.ref))

    def new_browser(self, now: float) -> tuple[str, Guest]:
        """Issue a browser id, which stands for a new visitor."""
        guest = Guest(created_at=now)
        browser_id = new_ref()
        self.add(guest)
        self._browsers[browser_id] = guest.ref
        return browser_id, guest

    def of_browser(self, browser_id: str) -> Guest | None:
        """Return whom this browser belongs to now."""
        return self._guests.get(self._browsers.get(browser_id, ""))

    def of_identifier(self, provider: str, identifier: str) -> Guest | None:
        """Return who is known by *identifier*."""
        return self._guests.get(self._identified.get((provider, identifier), ""))

    def of_email(self, email: str) -> Guest | None:
        """Return the first guest with this address; case does not matter."""
        wanted = email.casefold()
        return next((g for g in self if str(g.profile.get("email")).casefold() == wanted), None)

    def named(self, name: str) -> Guest | None:
        """Return the guest that *name* is the browser id, an identifier or the reference of."""
        known = (ref for (_, identifier), ref in self._identified.items() if identifier == name)
        ref = self._browsers.get(name) or next(known, name)
        return self._guests.get(ref)

    def browsers_of(self, guest: Guest) -> list[str]:
        """Return the browser ids that belong to *guest*."""
        return [browser_id for browser_id, ref in self._browsers.items() if ref == guest.ref]

    def forget_visitors(self, now: float) -> None:
        """Forget the visitors who have not been seen for six months."""
        gone = {
            guest.ref
            for guest in self
            if guest.type is not GuestType.CUSTOMER and guest.seen_at < now - _VISITORS_KEPT_FOR_S
        }
        self._guests = {ref: guest for ref, guest in self._guests.items() if ref not in gone}
        self._browsers = {b: ref for b, ref in self._browsers.items() if ref not in gone}

    def identify(self, browser_id: str, identifiers: Mapping[str, str], now: float) -> Guest:
        """Say who is at the browser (provider → id); return the guest it belongs to from now on.

        A visitor's browsing goes to the guest known by an identifier, or makes the visitor a
        customer. Two customers are never merged: the browser changes hands (assumed).
        """
        guest = self._guests[self._browsers[browser_id]]
        telling = {p: i for p, i in identifiers.items() if p in self._identity_providers}
        if not telling:
            return guest
        person = self._recognise(guest, telling, now)
        if person is not guest and guest.type is GuestType.VISITOR:
            self._merge(guest, into=person)
        self._browsers[browser_id] = person.ref
        person.type = GuestType.CUSTOMER
        person.identifiers.update(telling)
        self.add(person)
        return person

    def _recognise(self, guest: Guest, telling: Mapping[str, str], now: float) -> Guest:
        for provider, identifier in telling.items():
            if known := self.of_identifier(provider, identifier):
                return known
        if any(guest.identifiers.get(p, i) != i for p, i in telling.items()):
            return Guest(created_at=now)
        return guest

    def _merge(self, visitor: Guest, *, into: Guest) -> None:
        for session in visitor.sessions:
            session.guest_ref = into.ref
        into.sessions.extend(visitor.sessions)
        into.sessions.sort(key=lambda session: session.started_at)
        into.orders.extend(visitor.orders)
        visitor.sessions, visitor.orders = [], []
        visitor.type = GuestType.RETIRED
        moved = {b: into.ref for b, ref in self._browsers.items() if ref == visitor.ref}
        self._browsers.update(moved)
