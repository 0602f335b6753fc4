"""The shopper's OrderCloud token, verified.

A token with a `kid` is verified offline, with the key that the configured OrderCloud publishes;
one without (portal tokens) by asking OrderCloud's `/v1/me`. Nothing that the token itself says
decides where a key is fetched from. What was verified is remembered until the token expires.
Source: docs/sources.md#token-verification.
"""

import asyncio
import contextlib
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jwt
import msgspec
from cachetools import LRUCache, TTLCache

from proxy.core.keys import Key, key_of
from proxy.edge.http import Upstream
from proxy.edge.known import Known
from proxy.errors import UNREADABLE, TokenError, UpstreamBusy, UpstreamError, UpstreamFailed
from proxy.model import Shopper
from proxy.sections import OrderCloud as OrderCloudConfig
from proxy.tasks import Flights, Tasks, outcome

_OK = 200
_NO_SUCH_KEY = frozenset({400, 404, 410})
_NOT_ACCEPTED = frozenset({401, 403})
_KID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_SCHEMES = ("Bearer", "bearer")
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TOKEN_MAX_BYTES = 8192
_MALFORMED = "the Authorization header is not `Bearer` and a JWT"
_ROLES_MAX = 1024
_KEYS_MAX = 64
_KEY_S = 24 * 3600.0
_UNKNOWN_KEY_S = 60.0
_UNKNOWN_KEYS_MAX = 64
"""As many keys are looked for in vain: more tell of somebody who makes key IDs up."""

_ASKED_S = 300.0
_REFUSED_S = 10.0
_REFUSED_MAX = 10_000
"""So many refused tokens are known again for a moment, and cost neither a check nor a call."""


class _Me(msgspec.Struct):
    Active: bool


class Verifier:
    """Turns an `Authorization` header into a `Shopper`, or refuses it; remembers whom it knows."""

    def __init__(
        self,
        ordercloud: Upstream,
        auth: Upstream,
        config: OrderCloudConfig,
        *,
        known: Known,
        tasks: Tasks,
        clock: Callable[[], float],
    ) -> None:
        self._ordercloud = ordercloud
        self._auth = auth
        self._config = config
        self._clock = clock
        self._clients = frozenset(client.casefold() for client in config.clients)
        self._known = known
        self._fetches: Flights[jwt.PyJWK] = Flights(tasks, name="key fetch")
        self._keys: TTLCache[str, jwt.PyJWK] = TTLCache(_KEYS_MAX, _KEY_S, clock)
        self._last_keys: LRUCache[str, jwt.PyJWK] = LRUCache(_KEYS_MAX)
        self._unknown_keys: TTLCache[str, str] = TTLCache(_UNKNOWN_KEYS_MAX, _UNKNOWN_KEY_S, clock)
        self._refused: TTLCache[Key, str] = TTLCache(_REFUSED_MAX, _REFUSED_S, clock)
        self._asks: Flights[None] = Flights(tasks, name="token check")

    async def verify(self, authorization: str | None) -> Shopper:
        """Return whose token this is.

        Raises:
            TokenError: missing, malformed, expired, foreign, wrongly signed, or not for us.
            UpstreamError: it needs OrderCloud to tell, and OrderCloud does not answer; or too many
                tokens need that.
        """
        if authorization is None:
            raise TokenError("send `Authorization: Bearer` and the shopper's OrderCloud token")
        token = _bearer(authorization)
        known = self._known.get(token)
        if known and known.expires_at > self._clock():
            return known
        shopper = await self._admitted(token)
        self._known.add(shopper)
        return shopper

    async def _admitted(self, token: str) -> Shopper:
        """Return whose token this is, unless it was refused a moment ago."""
        if len(token) > _TOKEN_MAX_BYTES or not _JWT.fullmatch(token):
            raise TokenError(_MALFORMED)
        key = key_of("token", token)
        if (why := self._refused.get(key)) is not None:
            raise TokenError(why)
        try:
            claims, good_until = await self._verified(token)
            return self._shopper(token, claims, good_until)
        except TokenError as exc:
            self._refused[key] = str(exc)
            raise

    async def _verified(self, token: str) -> tuple[dict[str, Any], float]:
        """Return the claims once the signature, or OrderCloud, vouches for them; and how long."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, RecursionError) as exc:
            raise TokenError("the token is not a JWT") from exc
        claims = _decode(token, None)
        self._check(claims)  # first: junk never becomes a call to OrderCloud
        if (kid := header.get("kid")) is None:
            flight, _ = self._asks.join(token, lambda: self._ask(token))
            await outcome(flight)
            return claims, self._clock() + _ASKED_S
        _decode(token, await self._key(kid))
        return claims, claims["exp"]

    def _check(self, claims: dict[str, Any]) -> None:
        config = self._config
        now = self._clock()
        expires, starts = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(starts, int | float):
            raise TokenError("the token does not say when it expires")
        if expires <= now:
            raise TokenError("the token has expired")
        if starts > now + config.clock_skew:
            raise TokenError("the token is not valid yet")
        if claims.get("iss") not in config.issuers:
            raise TokenError("the token's issuer (iss) is not accepted here")
        if not _audiences(claims).intersection(config.audiences or (config.url,)):
            raise TokenError("the token is meant for another API (aud)")
        cid = claims.get("cid")
        if not isinstance(cid, str) or not self._clients & {"*", cid.casefold()}:
            raise TokenError("the token's API client (cid) is not accepted here")
        if claims.get("usrtype") not in config.user_types:
            raise TokenError("the token's kind of user (usrtype) is not accepted here")

    def _shopper(self, token: str, claims: dict[str, Any], good_until: float) -> Shopper:
        roles = claims.get("role", [])
        username, order_id = claims.get("usr"), claims.get("orderid")
        if not isinstance(username, str) or not username:
            raise TokenError("the token does not name its user (usr)")
        return Shopper(
            token=token,
            client_id=sys.intern(claims["cid"].casefold()),
            username=username,
            order_id=str(order_id) if order_id else None,
            roles=_roles(*map(str, roles if isinstance(roles, list) else [roles])),
            impersonator=str(claims["imp"]) if claims.get("imp") else None,
            expires_at=min(float(claims["exp"]), good_until),
        )

    async def _key(self, kid: object) -> jwt.PyJWK:
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise TokenError("the token's key ID (kid) is malformed")
        if kid in self._unknown_keys:
            raise TokenError("OrderCloud knows no key of the token's key ID (kid)")
        if (key := self._keys.get(kid)) is not None:
            return key
        if kid not in self._last_keys and self._has_looked_enough():
            raise UpstreamBusy("tokens name more keys (kid) than OrderCloud is asked for")
        flight, _ = self._fetches.join(kid, lambda: self._fetch_key(kid))
        last = self._last_keys.get(kid)
        if last is None:
            return await outcome(flight)
        until = asyncio.get_running_loop().time() + self._config.patience
        with contextlib.suppress(TimeoutError):
            return await outcome(flight, until=until)
        return last

    def _has_looked_enough(self) -> bool:
        """Say whether a key that may not exist has to wait until one in vain is forgotten.

        Keys that were good once are not held up by it; a new one gets the next place that is free,
        and most shoppers ask for the same.
        """
        return len(self._unknown_keys) + len(self._fetches) >= _UNKNOWN_KEYS_MAX

    async def _fetch_key(self, kid: str) -> jwt.PyJWK:
        """Fetch one public key; the last one of that ID stands in while OrderCloud is out.

        Shape: GET /oauth/certs/{kid} -> {"kty", "n", "e", "alg", "use", "kid"}.
        """
        try:
            answer = await self._auth.request("GET", f"/oauth/certs/{kid}", headers={})
            if answer.status in _NO_SUCH_KEY:
                self._unknown_keys[kid] = kid
                raise TokenError("OrderCloud knows no key of the token's key ID (kid)")
            key = _read_key(answer.body)
        except UpstreamError:
            if kid not in self._last_keys:
                raise
            key = self._last_keys[kid]
        self._keys[kid] = self._last_keys[kid] = key
        return key

    def last_keys(self) -> dict[str, bytes]:
        """Return the public keys that tokens were verified with, as JWKs by key ID."""
        to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
        return {kid: to_jwk(key.key).encode() for kid, key in list(self._last_keys.items())}

    def restore_key(self, kid: str, jwk: bytes) -> None:
        """Let a key of `last_keys` stand in for the one of that ID, should OrderCloud be out.

        Raises:
            UpstreamFailed: it is none.
        """
        self._last_keys[kid] = _read_key(jwk)

    async def _ask(self, token: str) -> None:
        """Let OrderCloud itself say whether it accepts *token*."""
        headers = {"authorization": f"Bearer {token}"}
        answer = await self._ordercloud.request("GET", "/v1/me", headers=headers)
        if answer.status in _NOT_ACCEPTED:
            raise TokenError("OrderCloud does not accept the token")
        if answer.status != _OK:
            raise UpstreamFailed(f"OrderCloud answered {answer.status} for /v1/me")
        try:
            me = msgspec.json.decode(answer.body, type=_Me)
        except UNREADABLE as exc:
            raise UpstreamFailed("OrderCloud's /v1/me could not be read") from exc
        if not me.Active:
            raise TokenError("the token's user is not active")


def _read_key(jwk: bytes) -> jwt.PyJWK:
    try:
        fields = msgspec.json.decode(jwk, type=dict[str, Any])
        return jwt.PyJWK({"kty": "RSA", **fields}, algorithm="RS256")
    except (*UNREADABLE, jwt.PyJWTError) as exc:
        raise UpstreamFailed("OrderCloud's key could not be read") from exc


def _bearer(authorization: str) -> str:
    """Return what the header gives for a token; its form is checked where it is not known."""
    scheme, _, token = authorization.partition(" ")
    if scheme not in _SCHEMES:
        raise TokenError(_MALFORMED)
    return token


@lru_cache(_ROLES_MAX)
def _roles(*roles: str) -> frozenset[str]:
    """Return one object for all whose roles are alike: there are as many as shoppers."""
    return frozenset(roles)


def _decode(token: str, key: jwt.PyJWK | None) -> dict[str, Any]:
    """Return the claims; the signature is verified unless there is no key. Times we check."""
    unchecked = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss")}
    options: Any = {"verify_signature": key is not None, **unchecked}  # PyJWT's own TypedDict
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key if key is not None else "", algorithms=["RS256"], options=options
        )
    except (jwt.PyJWTError, RecursionError) as exc:
        raise TokenError("the token's signature does not fit") from exc
    return claims


def _audiences(claims: dict[str, Any]) -> frozenset[str]:
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    return frozenset(str(one).rstrip("/") for one in listed)
