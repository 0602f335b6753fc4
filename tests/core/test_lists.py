"""Which of OrderCloud's own lists may be kept, and which answers."""

import pytest

from proxy.core.hops import Header
from proxy.core.lists import listed, may_keep, variant
from proxy.model import ListQuery

_PRODUCTS = "/v1/me/products"


def test_a_list_is_known_with_what_it_asks_for_by_ordercloud_s_names() -> None:
    query = "CategoryID=watches&pagesize=5&xp.Color=Red&xp.Color=!Blue"
    assert listed("GET", _PRODUCTS, query, []) == ListQuery(
        "me/products",
        (("categoryID", "watches"), ("pageSize", "5"), ("xp.Color", "Red"), ("xp.Color", "!Blue")),
    )


@pytest.mark.parametrize("resource", ["categories", "catalogs", "promotions"])
def test_so_are_the_other_lists_of_the_catalogue(resource: str) -> None:
    assert listed("GET", f"/v1/me/{resource}", "", []) == ListQuery(f"me/{resource}", ())


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("HEAD", _PRODUCTS, ""),
        ("POST", _PRODUCTS, ""),
        ("GET", f"{_PRODUCTS}/p1", ""),
        ("GET", f"{_PRODUCTS}/", ""),
        ("GET", "/v2/me/products", ""),
        ("GET", "/v1/v1/me/products", ""),
        ("GET", "/v1/me", ""),
        ("GET", "/v1/me/orders", ""),
        ("GET", "/v1/me/addresses", ""),
        ("GET", "/v1/products", ""),
        ("GET", "/v1/cart/lineitems", ""),
        ("GET", _PRODUCTS, "search=watch"),
        ("GET", _PRODUCTS, "page=2&SEARCH=watch"),
        ("GET", _PRODUCTS, "%73earch=watch"),
    ],
)
def test_no_other_call_is_one(method: str, path: str, query: str) -> None:
    assert listed(method, path, query, []) is None


def test_an_empty_search_is_none() -> None:
    assert listed("GET", _PRODUCTS, "search=", []) is not None


@pytest.mark.parametrize(
    "header",
    [
        (b"cache-control", b"no-cache"),
        (b"cache-control", b"max-stale, No-Store"),
        (b"cache-control", b"max-age=0"),
        (b"pragma", b"no-cache"),
        (b"if-none-match", b'"x"'),
        (b"if-modified-since", b"Thu, 01 Jan 2026 00:00:00 GMT"),
        (b"range", b"bytes=0-9"),
    ],
)
def test_who_wants_ordercloud_s_answer_of_this_moment_gets_it(header: Header) -> None:
    assert listed("GET", _PRODUCTS, "", [(b"accept", b"*/*"), header]) is None


def test_other_headers_do_not_matter() -> None:
    headers = [(b"cache-control", b"max-age=60"), (b"authorization", b"Bearer x"), (b"te", b"no")]
    assert listed("GET", _PRODUCTS, "", headers) is not None


def test_what_chooses_how_a_list_is_written_keeps_answers_apart() -> None:
    gzip, plain = [(b"accept-encoding", b"gzip")], [(b"accept", b"gzip")]
    assert variant(gzip) != variant(plain) != variant([])
    assert variant([*gzip, (b"user-agent", b"x")]) == variant(gzip)


@pytest.mark.parametrize(
    ("status", "headers", "may"),
    [
        (200, [(b"cache-control", b"private"), (b"vary", b"Accept-Encoding, Origin")], True),
        (206, [], False),
        (304, [], False),
        (401, [], False),
        (500, [], False),
        (200, [(b"cache-control", b"private, no-store")], False),
        (200, [(b"set-cookie", b"a=b")], False),
        (200, [(b"vary", b"*")], False),
        (200, [(b"vary", b"accept, x-region")], False),
    ],
)
def test_only_whole_answers_are_kept_that_nobody_forbids_to(
    status: int, headers: list[Header], *, may: bool
) -> None:
    assert may_keep(status, headers) is may
