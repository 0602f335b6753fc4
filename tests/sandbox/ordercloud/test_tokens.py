import base64
import dataclasses
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.control import Clock
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.tokens import Claims, Tokens, parse_claims

CLAIMS = Claims(
    username="alice",
    client_id="storefront-client",
    user_type="buyer",
    roles=("Shopper", "MeAdmin"),
    not_before=1_000,
    expires_at=2_000,
    user_key="17",
)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    clock = Clock()
    clock.set(1_500)
    return Tokens(clock, issuer="https://auth.test", audience="https://api.test")


def refusal(tokens: Tokens, token: str) -> str:
    with pytest.raises(ApiError) as refused:
        tokens.verify(token)
    return refused.value.code


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        dataclasses.replace(CLAIMS, roles=("Shopper",)),
        dataclasses.replace(CLAIMS, order_id="cart", user_key=None),
        dataclasses.replace(CLAIMS, impersonator="18"),
    ],
)
def test_claims_survive_being_written(claims: Claims) -> None:
    assert parse_claims(claims.to_payload()) == claims


def test_what_is_signed_is_verified(tokens: Tokens) -> None:
    token = tokens.sign(CLAIMS.to_payload())

    assert tokens.verify(token) == CLAIMS
    assert tokens.verify(token) == CLAIMS


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "a.b", "ä.ö.ü"])
def test_nonsense_is_refused(tokens: Tokens, token: str) -> None:
    assert refusal(tokens, token) == "InvalidToken"


def test_a_changed_token_is_refused(tokens: Tokens) -> None:
    header, _, signature = tokens.sign(CLAIMS.to_payload()).split(".")
    payload = json.dumps({**CLAIMS.to_payload(), "usr": "bob"}).encode()
    forged = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()

    assert refusal(tokens, f"{header}.{forged}.{signature}") == "InvalidToken"


def test_a_stranger_cannot_sign_in_the_name_of_our_key(tokens: Tokens) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    payload = {**CLAIMS.to_payload(), "iss": "https://auth.test", "aud": "https://api.test"}
    forged = jwt.encode(payload, stranger, algorithm="RS256", headers={"kid": tokens.keys.kid})

    assert refusal(tokens, forged) == "InvalidToken"


@pytest.mark.parametrize("change", [{"iss": "https://evil.test"}, {"aud": "https://else.test"}])
def test_another_issuer_or_audience_is_refused(tokens: Tokens, change: dict[str, str]) -> None:
    payload = {**CLAIMS.to_payload(), "iss": "https://auth.test", "aud": "https://api.test"}
    token = jwt.encode(payload | change, tokens.keys.signing(), algorithm="RS256")

    assert refusal(tokens, token) == "InvalidToken"


@pytest.mark.parametrize(("now", "is_good"), [(999, False), (1_000, True), (2_000, False)])
def test_a_token_is_good_from_nbf_until_exp(tokens: Tokens, now: float, *, is_good: bool) -> None:
    clock = Clock()
    elsewhen = Tokens(clock, issuer="https://auth.test", audience="https://api.test")
    elsewhen.keys = tokens.keys
    token = tokens.sign(CLAIMS.to_payload())
    clock.set(now + 0.001)

    if is_good:
        assert elsewhen.verify(token) == CLAIMS
    else:
        assert refusal(elsewhen, token) == "InvalidToken"
