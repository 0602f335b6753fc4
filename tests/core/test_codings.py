"""Compressed bodies, read."""

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # it has no stubs
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.codings import Coding, decoded, encoded, preferred

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


_LARGE = 5000


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip, deflate, br, zstd", Coding.ZSTD),
        ("gzip, deflate, br", Coding.BR),
        ("GZIP", Coding.GZIP),
        ("x-gzip", Coding.GZIP),
        ("deflate, compress", None),
        ("identity", None),
        ("*", Coding.ZSTD),
        ("*;q=0.5, br", Coding.BR),
        ("zstd;q=0, *", Coding.BR),
        ("gzip;q=1.0, br;q=0.9, zstd;q=0.8", Coding.GZIP),
        ("br ; q=0.5 , gzip;Q=0.5", Coding.BR),
        ("gzip;q=0", None),
        ("gzip;q=0.001", Coding.GZIP),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.5", Coding.GZIP),
        ("br;q=2, gzip;q=0.1", Coding.GZIP),
        ("br;q=, gzip;q=x, zstd;level=3", None),
        ("*;q=0", None),
        ("identity;q=0, gzip;q=0", None),
        (", ,br,", Coding.BR),
    ],
)
def test_what_the_caller_prefers_is_sent(accepted: str | None, coding: Coding | None) -> None:
    assert preferred(accepted, _LARGE) is coding


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br", None), ("br, identity;q=0", Coding.BR), ("br, *;q=0", Coding.BR)],
)
def test_a_small_body_is_sent_as_it_is_if_it_may_be(accepted: str, coding: Coding | None) -> None:
    assert preferred(accepted, 100) is coding


@pytest.mark.parametrize("coding", Coding)
@given(body=st.binary(max_size=5000))
def test_what_is_done_can_be_undone(coding: Coding, body: bytes) -> None:
    assert decoded(encoded(body, coding), coding, max_bytes=_MAX_BYTES) == body
    assert encoded(body, coding) == encoded(body, coding)
