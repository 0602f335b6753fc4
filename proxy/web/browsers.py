"""Who calls: the CDP browser id that a request carries, its consent, and whether it is a robot."""

import re

from starlette.requests import HTTPConnection

from proxy.errors import RequestError
from proxy.sections import Cdp, Consent

_BROWSER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_CLIENT_KEY = "{clientKey}"
_DENIED = frozenset({"", "0", "false", "no", "denied"})
_ROBOT = re.compile(
    r"bot|crawl|spider|slurp|scan|monitor|preview|lighthouse|facebookexternalhit"
    r"|curl|wget|python|java/|go-http|okhttp|libwww",
    re.IGNORECASE,
)
"""Words in the User-Agent of programs; docs/events.md lists them."""


class BrowserIds:
    """Finds the browser id where the configuration says that it may be."""

    def __init__(self, cdp: Cdp) -> None:
        self._cookies = tuple(
            name.replace(_CLIENT_KEY, cdp.client_key)
            for name in cdp.browser_id_cookies
            if cdp.client_key or _CLIENT_KEY not in name
        )

    @property
    def cookie(self) -> str | None:
        """Return the name of the cookie that the gateway itself sets, if any is configured."""
        return next(iter(self._cookies), None)

    def of(self, request: HTTPConnection, said: str | None = None) -> str | None:
        """Return the browser id: as *said*, by the header, or by a cookie that holds a sane one.

        Raises:
            RequestError: what was said is none that CDP issues.
        """
        given = said or request.headers.get("x-browser-id")
        if given is None:
            cookies = (request.cookies.get(name) for name in self._cookies)
            return next(
                (value for value in cookies if value and _BROWSER_ID.fullmatch(value)), None
            )
        if not _BROWSER_ID.fullmatch(given):
            raise RequestError("browserId is not one that CDP issues: letters, digits and -")
        return given


def may_be_told_of(request: HTTPConnection, consent: Consent) -> bool:
    """Say whether the shopper agrees to be told of, where the configuration asks for that."""
    if not consent.is_needed:
        return True
    given = (request.headers.get(consent.header), request.cookies.get(consent.cookie))
    return any(one is not None and one.strip().casefold() not in _DENIED for one in given)


def is_robot(request: HTTPConnection) -> bool:
    """Say whether no person sits at the browser, as far as it says so itself."""
    user_agent = request.headers.get("user-agent", "")
    return not user_agent or bool(_ROBOT.search(user_agent))
