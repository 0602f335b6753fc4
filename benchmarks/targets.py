"""What the gateway has to keep to: its CPU time per request as a share of each peer's."""

from collections.abc import Mapping

from benchmarks.peers import catalogue

_SMALL = {
    catalogue.NGINX.name: 0.65,
    catalogue.VARNISH.name: 0.50,
    catalogue.FASTIFY.name: 0.55,
    catalogue.PLAIN.name: 0.25,
    catalogue.USUAL.name: 0.10,
}
_HITS: Mapping[str, Mapping[str, float]] = {
    "4 KB": _SMALL,
    "24 KB": {**_SMALL, catalogue.NGINX.name: 0.90},
    "304": _SMALL,
}
_MISSES = {catalogue.USUAL.name: 0.15, catalogue.FASTIFY.name: 1.0}
_PASSING = {catalogue.AIOHTTP_PROXY.name: 1 / 0.9, catalogue.NODE_PROXY.name: 1 / 0.5}
_P99_TO_NGINX = 1.5
_CALM = "half load"


def cpu(section: str, case: str, peer: str) -> float | None:
    """Return the most that the gateway's CPU time may be, as a share of *peer*'s."""
    if _CALM in case:
        return None
    if section == "hits":
        return next(limits[peer] for start, limits in _HITS.items() if case.startswith(start))
    return {"misses": _MISSES, "passing": _PASSING}.get(section, {}).get(peer)


def p99(section: str, case: str, peer: str) -> float | None:
    """Return the most that the gateway's p99 may be, as a share of *peer*'s."""
    is_meant = section == "hits" and _CALM in case and peer == catalogue.NGINX.name
    return _P99_TO_NGINX if is_meant else None
