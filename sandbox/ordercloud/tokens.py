"""Access tokens: RS256 JWTs with OrderCloud's claims, and the keys that sign them."""

import base64
import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.control import Clock
from sandbox.ordercloud.errors import ApiError, not_found

_KEY_BITS = 2048
_VERIFIED_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its holder. Neither buyer nor groups are in it.

    *user_key* is OrderCloud's internal number of the user; *order_id* is the cart of an anonymous
    shopper; *impersonator* the internal number of who acts as this user. Times are epoch seconds.
    """

    username: str
    client_id: str
    user_type: str
    roles: tuple[str, ...]
    not_before: float
    expires_at: int
    user_key: str | None = None
    order_id: str | None = None
    impersonator: str | None = None

    def to_payload(self) -> dict[str, Any]:
        """Return the JWT's claims; a single role is a plain string, as at OrderCloud."""
        optional = {"orderid": self.order_id, "u": self.user_key, "imp": self.impersonator}
        return {
            "usr": self.username,
            "cid": self.client_id,
            **{name: value for name, value in optional.items() if value is not None},
            "usrtype": self.user_type,
            "role": self.roles[0] if len(self.roles) == 1 else list(self.roles),
            "nbf": self.not_before,
            "exp": self.expires_at,
        }


def parse_claims(payload: Mapping[str, Any]) -> Claims:
    """Read back what `Claims.to_payload` wrote."""
    roles = payload["role"]
    return Claims(
        username=payload["usr"],
        client_id=payload["cid"],
        user_type=payload["usrtype"],
        roles=(roles,) if isinstance(roles, str) else tuple(roles),
        not_before=payload["nbf"],
        expires_at=payload["exp"],
        user_key=payload.get("u"),
        order_id=payload.get("orderid"),
        impersonator=payload.get("imp"),
    )


class SigningKeys:
    """RSA keys by kid. The newest signs; retired ones verify until they are forgotten."""

    def __init__(self) -> None:
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._first = self.rotate()

    def rotate(self) -> str:
        """Sign with a new key from now on and return its kid."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        modulus = str(key.public_key().public_numbers().n).encode()
        kid = base64.urlsafe_b64encode(hashlib.sha256(modulus).digest()[:16]).rstrip(b"=").decode()
        self._keys[kid] = key
        self.kid = kid
        return kid

    def forget_retired(self) -> None:
        """Drop every key but the newest: tokens signed with them are invalid from now on."""
        self._keys = {self.kid: self._keys[self.kid]}
        self._first = self.kid

    def reset(self) -> None:
        """Go back to the first key, as if there had been no rotation."""
        self._keys = {self._first: self._keys[self._first]}
        self.kid = self._first

    def signing(self) -> rsa.RSAPrivateKey:
        """Return the newest key."""
        return self._keys[self.kid]

    def verifying(self, kid: str | None) -> list[rsa.RSAPublicKey]:
        """Return the keys that may have signed: the one named, or any for a token without kid."""
        named = self._keys.values() if kid is None else filter(None, [self._keys.get(kid)])
        return [key.public_key() for key in named]

    def certificate(self, kid: str) -> dict[str, Any]:
        """Return a public key as JWK; raise NotFound. Shape: `{kty, n, e, use, alg, kid}`."""
        if kid not in self._keys:
            raise not_found("Certificate", kid)
        jwk: dict[str, Any] = json.loads(
            jwt.algorithms.RSAAlgorithm.to_jwk(self._keys[kid].public_key())
        )
        return {
            "kty": jwk["kty"],
            "use": "sig",
            "alg": "RS256",
            "kid": kid,
            "n": jwk["n"],
            "e": jwk["e"],
        }


class Tokens:
    """Signs and verifies. *audience* is the API's base URL, *issuer* OrderCloud's auth host.

    `with_kid` off gives tokens like those of OrderCloud's portal, whose header names no key.
    """

    def __init__(self, clock: Clock, *, issuer: str, audience: str) -> None:
        self.keys = SigningKeys()
        self.with_kid = True
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def sign(self, payload: Mapping[str, Any]) -> str:
        """Return a JWT of the payload, with issuer and audience added."""
        return jwt.encode(
            {**payload, "iss": self._issuer, "aud": self._audience},
            self.keys.signing(),
            algorithm="RS256",
            headers={"kid": self.keys.kid} if self.with_kid else None,
        )

    def verify(self, token: str) -> Claims:
        """Return the claims of a valid access token; raise InvalidToken."""
        claims = self._verified.get(token) or self._remember(token, self._check(token))
        if not claims.not_before <= self._clock.now() < claims.expires_at:
            raise ApiError("InvalidToken")
        return claims

    def reset(self) -> None:
        """Go back to the first key; what it has signed stays valid."""
        self.with_kid = True
        self.keys.reset()
        self._verified.clear()

    def forget_retired_keys(self) -> None:
        """Refuse from now on what older keys have signed."""
        self.keys.forget_retired()
        self._verified.clear()

    def _remember(self, token: str, claims: Claims) -> Claims:
        self._verified[token] = claims
        if len(self._verified) > _VERIFIED_KEPT:
            self._verified.popitem(last=False)
        return claims

    def _check(self, token: str) -> Claims:
        with contextlib.suppress(jwt.InvalidTokenError):
            kid = jwt.get_unverified_header(token).get("kid")
            for key in self.keys.verifying(kid):
                with contextlib.suppress(jwt.InvalidSignatureError, KeyError):
                    return parse_claims(self._decode(token, key))
        raise ApiError("InvalidToken")

    def _decode(self, token: str, key: rsa.RSAPublicKey) -> dict[str, Any]:
        """Check signature, issuer and audience; the times follow the sandbox's own clock."""
        return jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=self._issuer,
            audience=self._audience,
            options={"verify_exp": False, "verify_nbf": False},
        )
