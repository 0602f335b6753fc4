"""The definitions in force: the seed's, with the flows that were put over them."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from sandbox.cdp.definitions.connection import Connection
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.definitions.model import Model
from sandbox.cdp.definitions.tenant import Offer
from sandbox.cdp.seed import Seed


class UnknownNameError(ValueError):
    """A definition refers to a model, connection or offer that there is not."""


class Catalog:
    """Flows, models, connections and offers by name."""

    def __init__(self, seed: Seed) -> None:
        self.offers: Mapping[str, Offer] = {offer.key: offer for offer in seed.settings.offers}
        self._models = {model.name: model for model in seed.models}
        self._connections = {connection.name: connection for connection in seed.connections}
        self._seeded = {flow.friendly_id: flow for flow in seed.flows}
        self._put: dict[str, Flow] = {}
        for model in seed.models:
            self._check_model(model)
        for flow in seed.flows:
            self._check(flow)

    @property
    def flows(self) -> Mapping[str, Flow]:
        """All flows by friendly id."""
        return {**self._seeded, **self._put}

    @property
    def models(self) -> list[Model]:
        """All models: those with files of their own, and those that stand in flows."""
        used = [model for flow in self.flows.values() for v in flow.variants for model in v.models]
        return [*self._models.values(), *(model for model in used if isinstance(model, Model))]

    @property
    def connections(self) -> list[Connection]:
        """The connections that have files of their own."""
        return list(self._connections.values())

    def put(self, flow: Flow) -> None:
        """Put *flow* in place of the one of its id; raises UnknownNameError."""
        self._check(flow)
        self._put[flow.friendly_id] = flow

    def remove(self, friendly_id: str) -> bool:
        """Take away a flow that was put, if there is one; the seed's shows again."""
        return self._put.pop(friendly_id, None) is not None

    def model(self, named: str | Model) -> Model:
        """Return a model, which may stand in full where it is used."""
        return named if isinstance(named, Model) else _known(self._models, named, "model")

    def connection(self, named: str | Connection) -> Connection:
        """Return a connection, which may stand in full where it is used."""
        if isinstance(named, Connection):
            return named
        return _known(self._connections, named, "connection")

    def offer(self, key: str) -> Offer:
        """Return the offer called *key*."""
        return _known(self.offers, key, "offer")

    def triggered_by(self, trigger: str) -> Iterator[Flow]:
        """Give the flows that *trigger* starts."""
        return (flow for flow in self.flows.values() if flow.trigger == trigger)

    def _check(self, flow: Flow) -> None:
        """Make sure that all names in *flow* and its models stand for something."""
        for variant in flow.variants:
            if variant.destination:
                self.connection(variant.destination)
            for model in variant.models:
                self._check_model(self.model(model))

    def _check_model(self, model: Model) -> None:
        for decision in (d for variant in model.variants for d in variant.decisions):
            if decision.data_system:
                self.connection(decision.data_system)
            for rule in decision.table.rules if decision.table else ():
                if rule.offer:
                    self.offer(rule.offer)


_T = TypeVar("_T")


def _known(things: Mapping[str, _T], name: str, kind: str) -> _T:
    if name not in things:
        raise UnknownNameError(f"There is no {kind} {name!r}; there is: {', '.join(things)}")
    return things[name]
