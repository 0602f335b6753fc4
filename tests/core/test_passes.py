"""Preview passes: only those that this gateway has made, and only for their time."""

import base64
import json

import pytest
from hypothesis import example
from hypothesis import given as cases
from hypothesis import strategies as st

from proxy.core.examples import read_given
from proxy.core.passes import MAX_CHARS, NoPass, issue, read
from proxy.errors import DocumentError

_VIP = '{"segment": "vip", "group": ["wholesale"], "at": "2026-12-24 09:00"}'
_KEY = "key"


def test_it_supposes_what_was_given() -> None:
    text = issue(_VIP, until=100.0, key=_KEY)
    assert read(text, now=99.9, key=_KEY) == read_given(_VIP, "given")


def test_it_is_over_in_time() -> None:
    text = issue(_VIP, until=100.0, key=_KEY)
    with pytest.raises(NoPass, match="over"):
        read(text, now=100.0, key=_KEY)


def test_another_key_made_none_of_ours() -> None:
    with pytest.raises(NoPass, match="not a preview of this gateway"):
        read(issue(_VIP, until=100.0, key="other"), now=0.0, key=_KEY)


def test_it_goes_into_an_address_as_it_is() -> None:
    text = issue(_VIP, until=100.0, key=_KEY)
    assert text.replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_what_is_said_cannot_be_changed() -> None:
    body, _, seal = issue(_VIP, until=100.0, key=_KEY).partition(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    for forged in (said | {"until": 1e12}, said | {"given": "{}"}):
        written = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        with pytest.raises(NoPass):
            read(f"{written}.{seal}", now=0.0, key=_KEY)


@example("::")
@example("=")
@cases(st.text(max_size=200) | st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode()))
def test_nothing_else_is_one(text: str) -> None:
    for attempt in (text, f"{text}.{text}", f"{issue(_VIP, until=9.0, key=_KEY)}{text or '.'}"):
        with pytest.raises(NoPass):
            read(attempt, now=0.0, key=_KEY)


def test_a_mistake_in_what_is_given_is_told() -> None:
    with pytest.raises(DocumentError, match="segmnet"):
        issue('{"segmnet": "vip"}', until=1.0, key=_KEY)


def test_what_is_too_long_for_a_link_is_refused() -> None:
    with pytest.raises(NoPass, match="too much"):
        issue(json.dumps({"output": {"ids": "p" * MAX_CHARS}}), until=1.0, key=_KEY)
