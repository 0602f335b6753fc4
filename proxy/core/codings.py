"""Content codings: what bodies may be compressed with. RFC 9110 section 8.4."""

import functools
import gzip
import re
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum

import brotli  # type: ignore[import-untyped]  # it has no stubs
import zstandard

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_WINDOW_MAX_BYTES = 8 * 1024 * 1024
"""As much memory a zstd body may ask for. Source: RFC 9659."""

_WORTH_BYTES = 1400
"""A smaller body travels in one packet, compressed or not."""

_LEAST = 0.0001
"""The weight of a body as it is where nothing is said of it: below all that can be said."""

_ZSTD_LEVEL, _BR_QUALITY, _GZIP_LEVEL = 3, 4, 6

_WEIGHTED = re.compile(
    r"\s*(?P<coding>[\w*-]+)\s*(;\s*q\s*=\s*(?P<weight>0(\.\d{0,3})?|1(\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


class Coding(StrEnum):
    """What bodies are sent in, by the names of Accept-Encoding; the best first."""

    ZSTD = "zstd"
    BR = "br"
    GZIP = "gzip"


def preferred(accept_encoding: str | None, size: int) -> Coding | None:
    """Return what to send a body of *size* bytes in, or None for as it is.

    What the caller gives the most weight, and of several the best. Source: RFC 9110 section 12.5.3.
    """
    return _best(accept_encoding or "", is_large=size >= _WORTH_BYTES)


@functools.lru_cache(maxsize=256)
def _best(accept_encoding: str, *, is_large: bool) -> Coding | None:
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    best = max(Coding, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    plain = weights.get("identity", weights.get("*", _LEAST))
    is_worth_it = is_large or not plain
    return best if is_worth_it and weight and weight >= plain else None


def _weights(accept_encoding: str) -> Mapping[str, float]:
    """Return the weight of each coding that is named; what is malformed counts as not said."""
    found = filter(None, map(_WEIGHTED.fullmatch, accept_encoding.split(",")))
    return {one["coding"].casefold().removeprefix("x-"): float(one["weight"] or 1) for one in found}


def encoded(body: bytes, coding: Coding) -> bytes:
    """Return *body* in *coding*; the same bytes always."""
    match coding:
        case Coding.ZSTD:
            return zstandard.ZstdCompressor(_ZSTD_LEVEL).compress(body)
        case Coding.BR:
            compressed: bytes = brotli.compress(body, quality=_BR_QUALITY)
            return compressed
        case Coding.GZIP:
            return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def decoded(body: bytes, codings: str, *, max_bytes: int) -> bytes:
    """Return *body* without its *codings* (the value of Content-Encoding), cut at *max_bytes*.

    Raises:
        ValueError: a coding is unknown, or the body is not in it.
    """
    for coding in reversed(codings.split(",")):
        body = _decoder(coding.strip().casefold())(body, max_bytes)
    return body


def _decoder(coding: str) -> Callable[[bytes, int], bytes]:
    if coding not in _DECODERS:
        raise ValueError("the content coding is unknown")
    return _DECODERS[coding]


def _identity(body: bytes, max_bytes: int) -> bytes:
    return body[:max_bytes]


def _inflate(body: bytes, max_bytes: int) -> bytes:
    try:
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, max_bytes)
    except zlib.error as exc:
        raise ValueError("the body is neither gzip nor deflate") from exc


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    try:
        read: bytes = brotli.Decompressor().process(body, output_buffer_limit=max_bytes)
    except brotli.error as exc:
        raise ValueError("the body is not br") from exc
    return read[:max_bytes]


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX_BYTES).stream_reader(body)
    try:
        return reader.read(max_bytes)
    except zstandard.ZstdError as exc:
        raise ValueError("the body is not zstd") from exc


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
