"""Ten thousand shoppers' tokens, as OrderCloud would issue them: RS256, about 800 bytes each.

Signing takes most of a millisecond, so what was signed is kept in `var/benchmarks` for later runs.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

ISSUER = "https://auth.ordercloud.io"
AUDIENCE = "https://api.ordercloud.bench"
CLIENT = "storefront-client"
KID = "bench"

_LIFETIME_S = 24 * 3600
_LEFT_MIN_S = 3 * 3600
_ROLES = ["Shopper", "MeAdmin", "MeAddressAdmin", "MeCreditCardAdmin", "PasswordReset"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Bearer tokens, and the public key (JWK) that verifies them; *expires_at* in epoch seconds."""

    bearers: tuple[str, ...]
    certificate: dict[str, str]
    expires_at: int


def load(folder: Path, count: int) -> Tokens:
    """Return *count* tokens: those kept in *folder*, where they live on for hours; else new."""
    kept = folder / f"tokens-{count}.json"
    if kept.exists():
        tokens = msgspec.json.decode(kept.read_bytes(), type=Tokens)
        if tokens.expires_at - time.time() > _LEFT_MIN_S:
            return tokens
    tokens = sign(count)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode(tokens))
    return tokens


def sign(count: int) -> Tokens:
    """Sign *count* tokens, each of another user."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    now = int(time.time())
    bearers = tuple(
        jwt.encode(_claims(number, now), key, algorithm="RS256", headers={"kid": KID})
        for number in range(count)
    )
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    certificate = {"kty": "RSA", "alg": "RS256", "kid": KID, "n": jwk["n"], "e": jwk["e"]}
    return Tokens(bearers, certificate, now + _LIFETIME_S)


def _claims(number: int, now: int) -> dict[str, Any]:
    return {
        "usr": f"shopper-{number}@example.com",
        "cid": CLIENT,
        "u": str(1_000_000 + number),
        "usrtype": "buyer",
        "role": _ROLES,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "nbf": now - 60,
        "exp": now + _LIFETIME_S,
    }
