"""Encoded bodies: made once, kept within a bound, each with a tag of its own."""

import gzip

import pytest

from proxy.core.codings import Coding, decoded, encoded
from proxy.model import Page
from proxy.web.encodings import Encodings, encode, etag_of

_PAGE = Page(b'{"Items": []}' * 300, '"tag"', 0)
_LARGE = b"0123456789" * 20_000


def _page(number: int) -> Page:
    return Page(b"%d" % number * 2000, f'"{number}"', 0)


def test_each_coding_has_its_tag() -> None:
    tags = [etag_of(_PAGE, coding) for coding in (None, *Coding)]
    assert tags == ['"tag"', '"tag-zstd"', '"tag-br"', '"tag-gzip"']


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("body", [_PAGE.body, _LARGE], ids=["small", "large"])
async def test_a_body_of_any_size_is_encoded(coding: Coding, body: bytes) -> None:
    made = await encode(body, coding)
    assert len(made) < len(body)
    assert decoded(made, coding, max_bytes=len(body)) == body


async def test_it_is_made_once_and_kept_under_its_tag() -> None:
    kept = Encodings(100_000)
    assert kept.find('"tag-gzip"') is None
    first = await kept.body(_PAGE, Coding.GZIP)
    assert gzip.decompress(first) == _PAGE.body
    assert await kept.body(_PAGE, Coding.GZIP) is first
    assert kept.find('"tag-gzip"') is first
    assert kept.find('"tag-br"') is None


async def test_what_is_kept_stays_within_the_bound_and_the_oldest_goes() -> None:
    kept = Encodings(5_000)
    for number in range(100):
        await kept.body(_page(number), Coding.ZSTD)
        assert kept.size_bytes <= 5_000
    left = [number for number in range(100) if kept.find(f'"{number}-zstd"')]
    assert left == list(range(100 - len(left), 100))
    assert len(left) > 5


async def test_a_body_larger_than_the_bound_is_sent_and_not_kept() -> None:
    kept = Encodings(10)
    assert await kept.body(_PAGE, Coding.BR) == encoded(_PAGE.body, Coding.BR)
    assert kept.size_bytes == 0
