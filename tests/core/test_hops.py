"""Which headers cross the gateway, and which end at it."""

import pytest

from proxy.core.hops import Header, body_length, has_body, is_framed, to_caller, to_upstream

_PEER = "203.0.113.7"
_ADDED = [(b"via", b"1.1 decision-proxy"), (b"x-forwarded-for", b"203.0.113.7")]
_HOP_BY_HOP = [
    (b"connection", b"keep-alive"),
    (b"keep-alive", b"timeout=5"),
    (b"proxy-authenticate", b"Basic"),
    (b"proxy-authorization", b"Basic eDp5"),
    (b"proxy-connection", b"close"),
    (b"te", b"trailers"),
    (b"trailer", b"x-checksum"),
    (b"transfer-encoding", b"chunked"),
    (b"upgrade", b"h2c"),
]


def _sent(*headers: Header) -> list[Header]:
    return to_upstream(headers, peer=_PEER)


def _answered(*headers: Header, status: int = 200) -> list[Header]:
    return to_caller(headers, status=status)


def test_what_is_about_the_message_crosses_in_its_order() -> None:
    headers = [
        (b"authorization", b"Bearer t"),
        (b"accept-encoding", b"br, gzip"),
        (b"cookie", b"a=1"),
        (b"content-length", b"3"),
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"user-agent", b"Br\xf6wser"),
    ]
    assert _sent(*headers) == [*headers, *_ADDED]


@pytest.mark.parametrize("header", _HOP_BY_HOP)
def test_what_is_about_one_connection_ends_here_both_ways(header: Header) -> None:
    kept = (b"x-a", b"1")
    assert _sent(header, kept) == [kept, *_ADDED]
    assert _answered(header, kept) == [kept]


@pytest.mark.parametrize("named", [b"x-a", b"X-A", b"close, X-a", b"x-b ,\tx-a"])
def test_what_connection_names_ends_here_both_ways(named: bytes) -> None:
    headers = ((b"x-a", b"1"), (b"connection", named), (b"x-c", b"2"))
    assert _sent(*headers) == [(b"x-c", b"2"), *_ADDED]
    assert _answered(*headers) == [(b"x-c", b"2")]


def test_a_second_connection_header_counts_too() -> None:
    headers = ((b"connection", b"close"), (b"x-a", b"1"), (b"connection", b"x-a"))
    assert _sent(*headers) == _ADDED


def test_no_sender_can_take_the_length_of_the_body_away() -> None:
    length = (b"content-length", b"3")
    assert length in _sent(length, (b"connection", b"content-length"))
    assert length in _answered(length, (b"connection", b"content-length"))


@pytest.mark.parametrize(
    "name",
    [
        *(b"host", b"expect", b"forwarded", b"x-forwarded-host", b"x-forwarded-proto"),
        *(b"x-original-url", b"x-rewrite-url", b"x-original-host", b"x-http-method-override"),
    ],
)
def test_what_the_caller_claims_about_the_hop_ends_here(name: bytes) -> None:
    assert _sent((name, b"elsewhere.example")) == _ADDED


def test_the_hops_so_far_are_told_and_ours_is_added() -> None:
    sent = _sent(
        (b"via", b"1.0 fred"),
        (b"x-forwarded-for", b"198.51.100.1"),
        (b"via", b"1.1 lb"),
    )
    assert sent == [
        (b"via", b"1.0 fred, 1.1 lb, 1.1 decision-proxy"),
        (b"x-forwarded-for", b"198.51.100.1, 203.0.113.7"),
    ]


def test_of_a_caller_without_an_address_none_is_told() -> None:
    assert to_upstream([], peer=None) == [(b"via", b"1.1 decision-proxy")]


@pytest.mark.parametrize("value", [b"Bearer ", b"Bearer\t ", b" Bearer"])
def test_white_space_around_a_value_is_no_part_of_it(value: bytes) -> None:
    assert _sent((b"authorization", value)) == [(b"authorization", b"Bearer"), *_ADDED]


def test_each_cookie_that_is_set_is_set() -> None:
    cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    assert _answered(*cookies) == cookies


def test_an_answer_keeps_all_that_is_about_it() -> None:
    headers = [
        (b"location", b"https://api.ordercloud.example/v1/me"),
        (b"x-oc-logid", b"abc"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"20"),
        (b"vary", b"Accept"),
        (b"www-authenticate", b"Bearer"),
    ]
    assert _answered(*headers) == headers


def test_who_may_read_an_answer_is_for_the_gateway_to_say_and_so_is_the_date() -> None:
    dropped = ((b"access-control-allow-origin", b"*"), (b"date", b"Mon, 23 Nov 2026 12:00:00 GMT"))
    assert _answered(*dropped) == []


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_tells_no_length_that_would_be_waited_for(status: int) -> None:
    assert _answered((b"content-length", b"20"), status=status) == []


def test_the_length_of_a_body_is_told_or_left_open() -> None:
    assert body_length([(b"x-a", b"1"), (b"content-length", b"12")]) == 12
    assert body_length([(b"transfer-encoding", b"chunked")]) is None


@pytest.mark.parametrize(
    ("codings", "expected"),
    [
        ([], True),
        ([b"chunked"], True),
        ([b" Chunked\t"], True),
        ([b"gzip, chunked"], False),
        ([b"chunked", b"chunked"], False),
        ([b"identity"], False),
        ([b'"chunked"'], False),
        ([b""], False),
    ],
)
def test_chunks_are_the_only_transfer_coding(codings: list[bytes], *, expected: bool) -> None:
    assert is_framed([(b"transfer-encoding", coding) for coding in codings]) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((b"content-length", b"1"), True),
        ((b"content-length", b"10"), True),
        ((b"transfer-encoding", b"chunked"), True),
        ((b"content-length", b"0"), False),
        ((b"content-length", b"00"), False),
        ((b"content-type", b"text/plain"), False),
    ],
)
def test_a_body_is_there_where_the_framing_says_so(header: Header, *, expected: bool) -> None:
    assert has_body([header]) is expected
