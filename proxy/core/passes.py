"""Preview passes: who holds one sees placements as other shoppers would, or at another time.

A pass says what is supposed, until when it holds, and is signed; nothing of it is kept anywhere.
It says nothing of what its holder may see: that is the token's to say, as ever.
"""

import base64
import binascii
import hmac
import re

import msgspec

from proxy.core.examples import read_given
from proxy.core.given import Given
from proxy.errors import UNREADABLE, DocumentError

MAX_CHARS = 2000
"""A longer one would not fit into the address of a page, nor into a query string."""

_PURPOSE = b"preview pass"
_PASS = re.compile(r"(?P<said>[A-Za-z0-9_-]+)\.(?P<seal>[A-Za-z0-9_-]{43})", re.ASCII)
_FOREIGN = "this is not a preview of this gateway's"


class NoPass(ValueError):
    """It is not a pass, or none that holds."""


class _Pass(msgspec.Struct):
    until: float
    given: str


def issue(given: str, *, until: float, key: str) -> str:
    """Return a pass for what *given* supposes (YAML or JSON) that holds *until* then.

    *until* is epoch seconds; who knows *key* can make any.

    Raises:
        DocumentError: with every mistake in *given*.
        NoPass: it is too much for an address.
    """
    read_given(given, "given")
    body = msgspec.json.encode(_Pass(until, given))
    text = f"{_written(body)}.{_written(_seal(body, key))}"
    if len(text) > MAX_CHARS:
        raise NoPass("what is given is too much for a link")
    return text


def read(text: str, *, now: float, key: str) -> Given:
    """Return what the pass supposes.

    Raises:
        NoPass: it is none, is over, or was made with another key.
    """
    written = _PASS.fullmatch(text)
    try:
        said = _bytes(written["said"]) if written else b""
        if not written or not hmac.compare_digest(_bytes(written["seal"]), _seal(said, key)):
            raise NoPass(_FOREIGN)
        found = msgspec.json.decode(said, type=_Pass)
        given = read_given(found.given, "given")
    except (*UNREADABLE, binascii.Error, DocumentError) as exc:
        raise NoPass(_FOREIGN) from exc
    if now >= found.until:
        raise NoPass("this preview is over; make a new one")
    return given


def _seal(body: bytes, key: str) -> bytes:
    own_key = hmac.digest(key.encode(), _PURPOSE, "sha256")
    return hmac.digest(own_key, body, "sha256")


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
