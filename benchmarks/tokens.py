"""Shoppers' tokens, as OrderCloud would issue them: RS256, about 800 bytes each.

Signing takes most of a millisecond, so what was signed is kept in `var/benchmarks` for later runs.
"""

import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

ISSUER = "https://auth.ordercloud.io"
AUDIENCE = "https://api.ordercloud.bench"
CLIENT = "storefront-client"
KID = "bench"

_LIFETIME_S = 24 * 3600
_LEFT_MIN_S = 3 * 3600
_ROLES = ["Shopper", "MeAdmin", "MeAddressAdmin", "MeCreditCardAdmin", "PasswordReset"]


@dataclass(frozen=True)
class Tokens:
    """Bearer tokens of the first shoppers, and what signs those of all others.

    *pem* is the private key, *signed_at* the moment that all are dated from (epoch seconds).
    """

    bearers: tuple[str, ...]
    pem: str
    signed_at: int

    def bearer(self, number: int) -> str:
        """Return the token of the shopper with that number: for one key always the same."""
        if number < len(self.bearers):
            return self.bearers[number]
        claims, headers = _claims(number, self.signed_at), {"kid": KID}
        return jwt.encode(claims, self._key, algorithm="RS256", headers=headers)

    @property
    def certificate(self) -> dict[str, str]:
        """Return the public key (JWK) that verifies them."""
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"kty": "RSA", "alg": "RS256", "kid": KID, "n": jwk["n"], "e": jwk["e"]}

    @cached_property
    def _key(self) -> RSAPrivateKey:
        key = serialization.load_pem_private_key(self.pem.encode("ascii"), password=None)
        assert isinstance(key, RSAPrivateKey)
        return key


def load(folder: Path, count: int) -> Tokens:
    """Return *count* tokens: those kept in *folder*, where they live on for hours; else new."""
    kept = folder / f"signed-{count}.json"
    if kept.exists():
        tokens = msgspec.json.decode(kept.read_bytes(), type=Tokens)
        if tokens.signed_at + _LIFETIME_S - time.time() > _LEFT_MIN_S:
            return tokens
    tokens = sign(count)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode(tokens))
    return tokens


def sign(count: int) -> Tokens:
    """Sign *count* tokens, each of another user."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    nobody = Tokens((), pem.decode("ascii"), int(time.time()))
    return Tokens(tuple(map(nobody.bearer, range(count))), nobody.pem, nobody.signed_at)


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
