"""Compressed bodies, read."""

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # it has no stubs
import pytest
import zstandard

from proxy.core.codings import decoded

_TEXT = b'{"ID": "line-1"}' * 100
_MAX_BYTES = 10_000
_CODED = {
    "identity": _TEXT,
    "": _TEXT,
    "gzip": gzip.compress(_TEXT),
    "GZIP": gzip.compress(_TEXT),
    "deflate": zlib.compress(_TEXT),
    "br": brotli.compress(_TEXT),
    "zstd": zstandard.compress(_TEXT),
    "gzip, br": brotli.compress(gzip.compress(_TEXT)),
}
_SMALL = b"x" * 50


@pytest.mark.parametrize(("codings", "body"), _CODED.items(), ids=_CODED.keys())
def test_each_coding_that_is_asked_for_is_undone(codings: str, body: bytes) -> None:
    assert decoded(body, codings, max_bytes=_MAX_BYTES) == _TEXT


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "compress", "gzip, lzma"])
def test_what_is_in_no_known_coding_is_refused(codings: str) -> None:
    with pytest.raises(ValueError, match=r"^the (content coding is unknown|body is n)"):
        decoded(_SMALL, codings, max_bytes=_MAX_BYTES)


@pytest.mark.parametrize("codings", [one for one in _CODED if "," not in one])
def test_a_small_body_does_not_become_a_large_one(codings: str) -> None:
    assert decoded(_CODED[codings], codings, max_bytes=20) == _TEXT[:20]


def test_a_zstd_body_may_not_ask_for_much_memory() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(ValueError, match="zstd"):
        decoded(stream.compress(_TEXT) + stream.flush(), "zstd", max_bytes=_MAX_BYTES)
