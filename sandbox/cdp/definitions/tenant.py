"""The tenant itself: keys, points of sale, identity rules, segments, offers, known guests."""

from typing import Any

from pydantic import Field

from sandbox.cdp.definitions.base import Definition, ref_of


class PointOfSale(Definition):
    """A storefront; its sessions close after *session_timeout* minutes without an event."""

    name: str
    session_timeout: float = 30


class KnownGuest(Definition):
    """A customer that the tenant knows from the start; *identifiers* are provider → id."""

    identifiers: dict[str, str]
    profile: dict[str, Any] = Field(default_factory=dict)
    data_extensions: list[dict[str, Any]] = Field(default_factory=list)


class Segment(Definition):
    """A batch segment: guests whom the JavaScript *condition* holds for at night."""

    name: str
    condition: str


class Trait(Definition):
    """A session trait: the JavaScript *value* is computed when a customer's session closes."""

    friendly_id: str
    value: str


class Offer(Definition):
    """Something to offer; decision tables return it by its *key*."""

    key: str
    name: str
    description: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The offer's reference."""
        return ref_of("offer", self.key)

    def to_json(self) -> dict[str, Any]:
        """Return the offer as templates see it."""
        return {"ref": self.ref, "status": "ACTIVE", **self.model_dump(exclude={"key"})}


class ApiClient(Definition):
    """Who may read definitions: client credentials for `POST /oauth/token`."""

    client_id: str
    client_secret: str


class Settings(Definition):
    """The tenant itself. Sitecore allows five identity rules and ten session traits."""

    client_key: str
    api_clients: tuple[ApiClient, ...] = ()
    points_of_sale: tuple[PointOfSale, ...] = Field(min_length=1)
    identity_rules: tuple[str, ...] = Field(max_length=5)
    segments: tuple[Segment, ...] = ()
    session_traits: tuple[Trait, ...] = Field(default=(), max_length=10)
    offers: tuple[Offer, ...] = ()
    guests: tuple[KnownGuest, ...] = ()
