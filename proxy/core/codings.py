"""Content codings, undone: what answers may be compressed with. RFC 9110 section 8.4."""

import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]  # it has no stubs
import zstandard

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_WINDOW_MAX_BYTES = 8 * 1024 * 1024
"""As much memory a zstd body may ask for. Source: RFC 9659."""


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
