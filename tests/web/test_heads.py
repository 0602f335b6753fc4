"""Heads: where they are cut, what stays an answer's own, and what is no placement's head."""

import pytest

from proxy.core.hops import Header
from proxy.web.heads import AGE, DATE, ETAG, FIRST_TTL, ID, LENGTH, cut

_BOTH = b"decision-proxy;hit;ttl=1;detail=decision, decision-proxy;hit;ttl=22;detail=page"
_HEADERS: list[Header] = [
    (b"etag", b'"tag"'),
    (b"personalization", b'placement="hero"'),
    (b"cache-status", _BOTH),
    (b"server-timing", b"verify;dur=0.02, total;dur=12.34"),
    (b"age", b"3"),
    (b"content-length", b"17"),
    (b"content-type", b"application/json"),
    (b"x-request-id", b"first"),
]


def _without(name: bytes) -> list[Header]:
    return [one for one in _HEADERS if one[0] != name]


def _filled(headers: list[Header], *, caches: int = 2) -> bytes:
    found = cut(200, headers, caches=caches)
    assert found
    texts = found.texts.copy()
    texts[DATE], texts[ETAG], texts[LENGTH] = b"now", found.etag, found.length
    texts[AGE], texts[ID] = b"4", b"next"
    for place in range(caches):
        texts[FIRST_TTL + 2 * place] = b"%d" % place
    return b"".join(texts)


def test_each_gap_is_where_its_value_was() -> None:
    assert _filled(_HEADERS) == (
        b"HTTP/1.1 200 OK\r\n"
        b"date: now\r\n"
        b'etag: "tag"\r\n'
        b'personalization: placement="hero"\r\n'
        b"cache-status: decision-proxy;hit;ttl=0;detail=decision, "
        b"decision-proxy;hit;ttl=1;detail=page\r\n"
        b"server-timing: verify;dur=0.00, total;dur=0.00\r\n"
        b"age: 4\r\n"
        b"content-length: 17\r\n"
        b"content-type: application/json\r\n"
        b"x-request-id: next\r\n"
        b"\r\n"
    )


def test_a_head_without_a_length_stays_without() -> None:
    text = _filled(_without(b"content-length"))
    assert b"content-length" not in text
    assert text.endswith(b"\r\nx-request-id: next\r\n\r\n")


def test_answers_of_one_kind_have_all_but_their_own_in_common() -> None:
    other = [(b"etag", b'"x"'), *_HEADERS[1:5], (b"content-length", b"9"), *_HEADERS[6:]]
    one, two = cut(200, _HEADERS, caches=2), cut(200, other, caches=2)
    assert one
    assert two
    assert one.texts == two.texts
    assert (one.etag, one.length, two.etag, two.length) == (b'"tag"', b"17", b'"x"', b"9")


@pytest.mark.parametrize("missing", [b"etag", b"cache-status", b"age", b"x-request-id"])
def test_where_something_that_changes_is_missing_it_is_not_cut(missing: bytes) -> None:
    assert cut(200, _without(missing), caches=2) is None


@pytest.mark.parametrize("caches", [1, 3])
def test_nor_where_it_tells_of_other_caches(caches: int) -> None:
    assert cut(200, _HEADERS, caches=caches) is None


def test_nor_where_the_order_is_another() -> None:
    assert cut(200, _HEADERS[::-1], caches=2) is None
    assert cut(200, [*_HEADERS, (b"age", b"3")], caches=2) is None
