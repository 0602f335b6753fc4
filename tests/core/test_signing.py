"""The signature of OrderCloud's webhooks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.signing import is_signed, sign

_KEY = "my-hash-key"
_BODY = b'{"Route":"v1/cart/lineitems","RouteParams":{},"Verb":"POST"}'
_SIGNATURE = "s5nWWrG03m0WMaOF8uRAEP6GRDlCzQ8NtlpmbepZSSc="


def test_the_signature_is_that_of_ordercloud_s_own_libraries() -> None:
    assert sign(_BODY, _KEY) == _SIGNATURE
    assert is_signed(_BODY, _SIGNATURE, _KEY)


@pytest.mark.parametrize("signature", ["", "nonsense", _SIGNATURE.lower(), "é", _SIGNATURE[:-1]])
def test_another_signature_is_refused(signature: str) -> None:
    assert not is_signed(_BODY, signature, _KEY)


@given(body=st.binary(), place=st.integers(min_value=0), bit=st.integers(0, 7), key=st.text())
def test_no_changed_body_keeps_its_signature(body: bytes, place: int, bit: int, key: str) -> None:
    changed = bytearray(body + b"\0")
    changed[place % len(changed)] ^= 1 << bit
    assert not is_signed(bytes(changed), sign(body, key), key)
