"""Stands in for OrderCloud's auth server where a test must sign tokens itself."""

import asyncio
import base64
import functools
import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

ISSUER = "https://auth.ordercloud.io"
AUDIENCE = "https://api.ordercloud.test"
CLIENT = "storefront-client"


@functools.cache
def private_key(_name: str) -> RSAPrivateKey:
    """Return the key of that name, made once: that takes a tenth of a second."""
    return generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Signs tokens, publishes keys, answers `/v1/me` and one list; notes what it is asked.

    `certs` and `me` hold what is answered instead, where a test wants something else; lists wait
    for `gate`, are refused to the tokens in `revoked`, and hold what `listed` makes of the claims.
    """

    def __init__(self, *, now: float) -> None:
        self.now = now
        self.audience = AUDIENCE
        self.asked: list[str] = []
        self.published = {"first"}
        self.revoked: set[str] = set()
        self.listed: Callable[[dict[str, Any]], str] = lambda _: "secret-product"
        self.gate = asyncio.Event()
        self.gate.set()
        self.certs: Response | None = None
        self.me: Response = JSONResponse({"ID": "alice", "Active": True, "Buyer": {"ID": "acme"}})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return a logged-in shopper's claims, an hour long; None takes one away."""
        claims = {
            "usr": "alice",
            "cid": CLIENT,
            "usrtype": "buyer",
            "role": ["Shopper"],
            "iss": ISSUER,
            "aud": self.audience,
            "nbf": int(self.now),
            "exp": int(self.now) + 3600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str | None = "first", *, key: str | None = None, **changes: Any) -> str:
        """Return a token signed by the key called *kid*, or by another that claims to be it."""
        headers = {} if kid is None else {"kid": kid}
        signer = private_key(key or kid or "first")
        return jwt.encode(self.claims(**changes), signer, algorithm="RS256", headers=headers)

    def app(self) -> ASGIApp:
        """Return the server."""
        return Starlette(
            routes=[
                Route("/oauth/certs/{kid:path}", self._certificate),
                Route("/v1/me", self._me),
                Route("/v1/me/products", self._products),
            ]
        )

    async def _certificate(self, request: Request) -> Response:
        self._note(request)
        if self.certs is not None:
            return self.certs
        kid = request.path_params["kid"]
        if kid not in self.published:
            return JSONResponse({"Errors": []}, 404)
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(kid).public_key()))
        return JSONResponse({"kty": "RSA", "n": jwk["n"], "e": jwk["e"], "alg": "RS256"})

    async def _me(self, request: Request) -> Response:
        self._note(request)
        return self.me

    async def _products(self, request: Request) -> Response:
        self._note(request)
        await self.gate.wait()
        token = request.headers["authorization"].removeprefix("Bearer ")
        if token in self.revoked:
            return JSONResponse({"Errors": [{"ErrorCode": "Auth.TokenRevoked"}]}, 401)
        claims = jwt.decode(token, options={"verify_signature": False})
        return JSONResponse({"Meta": {}, "Items": [{"ID": self.listed(claims)}]})

    def _note(self, request: Request) -> None:
        self.asked.append(request.url.path)


def compact(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """Write a token that no library would."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
