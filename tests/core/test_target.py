"""Which targets are plainly a path of OrderCloud's API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.target import is_plain

SEGMENT = st.from_regex(rb"[A-Za-z0-9_-]{1,20}", fullmatch=True)


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/me/products",
        b"/v1/",
        b"/v1/me/products/",
        b"/v1/me/products/p%201",
        b"/v1/buyers//users",
        b"/v1/cart/promotions/50%25OFF",
        b"/v1/cart/promotions/50%%20OFF!",
        b"/v1/cart/promotions/100%",
        b"/v1/cart/promotions/A!B*C'(D),E;F:G@H&I=J+K$L~M.N",
        b"/v1/cart/promotions/%C3%A9t%C3%A9",
        b"/v1/a|b",
        b"/v1/...",
        b"/v1/.well-known",
        b"/v1/a..b",
        b"/oauth/token",
        b"/oauth/certs/x6sA-GfTGEWUp5OWFbhmmg",
    ],
)
def test_a_path_is_passed_on(path: bytes) -> None:
    assert is_plain(path, b"")


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"/",
        b"/v1",
        b"/v2/me",
        b"/V1/me",
        b"/v1x/me",
        b"//v1/me",
        b"//elsewhere.example/v1/me",
        b"http://elsewhere.example/v1/me",
        b"/%76%31/me",
        b"/v1/..",
        b"/v1/../admin",
        b"/v1/me/.",
        b"/v1/./me",
        b"/v1/%2e%2e/admin",
        b"/v1/.%2E/admin",
        b"/v1/..;/admin",
        b"/v1/..;a=b/admin",
        b"/v1/%252e%252e/admin",
        b"/v1/..%2fadmin",
        b"/v1/a%2Fb",
        b"/v1/a%252fb",
        b"/v1/a\\b",
        b"/v1/..%5cadmin",
        b"/v1/%255c",
        b"/v1/a%00",
        b"/v1/a%2500",
        b"/v1/a%0d%0aHost:%20elsewhere.example",
        b"/v1/a\r\nx: y",
        b"/v1/a b",
        b"/v1/a%7f",
        b"/v1/a%u002fb",
        b"/v1/%%32%65./admin",
        b"/v1/%2525252e",
        b"/v1/a#b",
        b"/v1/a?b",
        b'/v1/a"b',
        b"/v1/a<b>",
        b"/v1/\xc3\xa9t\xc3\xa9",
        b"/v1/%c0%ae%c0%ae/admin",
        b"/v1/%c0%af",
        b"/v1/%ff",
    ],
)
def test_what_is_not_plainly_a_path_there_is_not(path: bytes) -> None:
    assert not is_plain(path, b"")


@pytest.mark.parametrize(
    "query",
    [b"", b"Name|ID=a|b", b"xp.a=!Blue%7CRed*&xp.a='x'", b"a=%zz&&=", b"ID=%3E%00", b"next=//x"],
)
def test_a_query_is_passed_on_whatever_it_says(query: bytes) -> None:
    assert is_plain(b"/v1/me/products", query)


@pytest.mark.parametrize(
    "query", [b"a=b c", b"a=\r\nx: y", b"a=\x00", b"a=\xc3\xa9t\xc3\xa9", b"a=\x7f"]
)
def test_a_query_with_what_cannot_stand_in_a_request_line_is_not(query: bytes) -> None:
    assert not is_plain(b"/v1/me/products", query)


@given(st.lists(SEGMENT, min_size=1, max_size=6))
def test_every_path_of_ids_is_passed_on(segments: list[bytes]) -> None:
    assert is_plain(b"/v1/" + b"/".join(segments), b"")


@given(st.lists(SEGMENT | st.sampled_from([b"..", b".", b"%2e%2e", b"%252E."]), max_size=6))
def test_no_path_with_a_step_up_is(segments: list[bytes]) -> None:
    assert not is_plain(b"/v1/" + b"/".join([*segments, b".%2e"]), b"")
