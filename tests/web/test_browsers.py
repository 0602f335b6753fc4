"""Who calls: browser ids, consent, robots."""

import pytest
from starlette.requests import HTTPConnection

from proxy.errors import RequestError
from proxy.sections import Cdp, Consent
from proxy.web.browsers import BrowserIds, is_robot, may_be_told_of

_DIRECT = Cdp(region="eu", client_key="key", point_of_sale="shop")
_EDGE = Cdp(form="edge", context_id="context", site_id="site")


def _request(**headers: str) -> HTTPConnection:
    sent = [(n.replace("_", "-").encode(), value.encode()) for n, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": sent})


@pytest.mark.parametrize(
    ("headers", "said", "found"),
    [
        ({}, None, None),
        ({"x_browser_id": "header", "cookie": "bid_key=cookie"}, "said", "said"),
        ({"x_browser_id": "header", "cookie": "bid_key=cookie"}, None, "header"),
        ({"cookie": "other=1; sc_cid=second; bid_key=first"}, None, "first"),
        ({"cookie": "sc_cid=second; bid_key=<x>"}, None, "second"),
    ],
)
def test_a_browser_id_is_found(headers: dict[str, str], said: str | None, found: str) -> None:
    assert BrowserIds(_DIRECT).of(_request(**headers), said) == found


@pytest.mark.parametrize("given", ["", "a b", "../x", "x" * 65])
def test_what_is_none_is_refused(given: str) -> None:
    with pytest.raises(RequestError):
        BrowserIds(_DIRECT).of(_request(x_browser_id=given))


def test_the_gateway_s_own_cookie_is_that_of_the_tenant_s_form() -> None:
    assert BrowserIds(_DIRECT).cookie == "bid_key"
    assert BrowserIds(_EDGE).cookie == "sc_cid"


@pytest.mark.parametrize(
    ("headers", "agrees"),
    [
        ({}, False),
        ({"x_consent": "1"}, True),
        ({"cookie": "consent=granted"}, True),
        ({"x_consent": "0", "cookie": "consent=granted"}, True),
        ({"x_consent": " False "}, False),
        ({"cookie": "consent="}, False),
    ],
)
def test_consent_is_what_header_or_cookie_say(headers: dict[str, str], agrees: bool) -> None:  # noqa: FBT001 - a case
    asked = Consent(header="X-Consent", cookie="consent")
    assert may_be_told_of(_request(**headers), asked) == agrees
    assert may_be_told_of(_request(**headers), Consent())


@pytest.mark.parametrize(
    ("user_agent", "robot"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", False),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("Wget/1.24", True),
        ("", True),
    ],
)
def test_robots_say_so_themselves(user_agent: str, robot: bool) -> None:  # noqa: FBT001 - a case
    assert is_robot(_request(user_agent=user_agent)) == robot
