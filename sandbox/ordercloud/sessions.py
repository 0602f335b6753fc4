"""Sessions: the tokens given out, who holds them, and how they end."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.control import Clock
from sandbox.ordercloud.accounts import Account, Accounts
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError, OAuthError
from sandbox.ordercloud.tokens import Claims, Tokens
from sandbox.ordercloud.visibility import Viewer


@dataclass(frozen=True, slots=True)
class Session:
    """The holder of a valid token. *order_id* is set for anonymous shoppers only: their cart."""

    account: Account
    viewer: Viewer
    client_id: str
    roles: tuple[str, ...]
    order_id: str | None
    token: str = field(repr=False)

    @property
    def owner(self) -> str:
        """Return under what the holder's own things are kept: each anonymous token has its own."""
        return self.order_id or self.account.key

    def forbid_anonymous(self) -> None:
        """Raise Auth.AnonUserProhibited for an anonymous shopper."""
        if self.order_id is not None:
            raise ApiError("Auth.AnonUserProhibited")

    def require(self, roles: tuple[str, ...]) -> None:
        """Raise Auth.InsufficientRoles unless the token has one of *roles*, or none is needed."""
        if roles and not set(roles).intersection(self.roles):
            needed = {"SufficientRoles": list(roles), "AssignedRoles": list(self.roles)}
            raise ApiError("Auth.InsufficientRoles", needed)


@dataclass(frozen=True, slots=True)
class _RefreshToken:
    username: str
    client_id: str
    roles: tuple[str, ...]
    expires_at: float


class Sessions:
    """Opens sessions for accounts, recognizes their tokens and ends them."""

    def __init__(self, accounts: Accounts, tokens: Tokens, clock: Clock) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._clock = clock
        self._refresh_tokens: dict[str, _RefreshToken] = {}
        self._revoked_at: dict[str, float] = {}

    def open(self, client: Entity, account: Account, roles: tuple[str, ...]) -> dict[str, Any]:
        """Return a user's token response: `{access_token, token_type, expires_in}`.

        A `refresh_token` is added if the client is set up for it.
        """
        answer = self._access(client, account, roles, minutes=client["AccessTokenDuration"])
        if not client["RefreshTokenDuration"]:
            return answer
        kept = _RefreshToken(
            username=account.user["Username"],
            client_id=client["ID"],
            roles=roles,
            expires_at=self._clock.now() + client["RefreshTokenDuration"] * 60,
        )
        token = str(uuid.uuid4())
        self._refresh_tokens[token] = kept
        return {**answer, "refresh_token": token}

    def open_anonymous(
        self, client: Entity, account: Account, roles: tuple[str, ...], *, order_id: str
    ) -> dict[str, Any]:
        """Return an anonymous shopper's token response; *order_id* will be their cart."""
        minutes = client["AnonymousTokenDuration"]
        return self._access(client, account, roles, minutes=minutes, order_id=order_id)

    def open_impersonated(
        self, client: Entity, account: Account, roles: tuple[str, ...], *, impersonator: Account
    ) -> dict[str, Any]:
        """Return a token response with which *impersonator* acts as the account."""
        minutes = client["AccessTokenDuration"]
        return self._access(client, account, roles, minutes=minutes, impersonator=impersonator.key)

    def refresh(self, client: Entity, refresh_token: str) -> dict[str, Any]:
        """Return a new access token; the refresh token serves until it expires (assumed)."""
        kept = self._refresh_tokens.get(refresh_token)
        if not kept or kept.client_id != client["ID"] or kept.expires_at <= self._clock.now():
            raise OAuthError("invalid_grant")
        account = self._accounts.get_active(kept.username)
        answer = self._access(client, account, kept.roles, minutes=client["AccessTokenDuration"])
        return {**answer, "refresh_token": refresh_token}

    def recognize(self, token: str) -> Session:
        """Return the session of an access token; raise InvalidToken or Auth.TokenRevoked."""
        claims = self._tokens.verify(token)
        account = self._accounts.find(claims.username)
        if account is None or not account.user["Active"]:
            raise ApiError("InvalidToken")
        if claims.not_before <= self._revoked_at.get(account.key, 0):
            raise ApiError("Auth.TokenRevoked")
        return Session(
            account=account,
            viewer=self._accounts.viewer(account),
            client_id=claims.client_id,
            roles=claims.roles,
            order_id=claims.order_id,
            token=token,
        )

    def revoke(self, account: Account) -> None:
        """End every session of the account, refresh tokens included."""
        self._revoked_at[account.key] = self._clock.now()
        username = account.user["Username"]
        self._refresh_tokens = {
            token: kept for token, kept in self._refresh_tokens.items() if kept.username != username
        }

    def _access(
        self,
        client: Entity,
        account: Account,
        roles: tuple[str, ...],
        *,
        minutes: int,
        order_id: str | None = None,
        impersonator: str | None = None,
    ) -> dict[str, Any]:
        begin = self._begin(account)
        claims = Claims(
            username=account.user["Username"],
            client_id=client["ID"],
            user_type=account.user_type,
            roles=roles,
            not_before=begin,
            expires_at=int(begin) + minutes * 60,
            user_key=account.key,
            order_id=order_id,
            impersonator=impersonator,
        )
        token = self._tokens.sign(claims.to_payload())
        return {"access_token": token, "token_type": "bearer", "expires_in": minutes * 60 - 1}

    def _begin(self, account: Account) -> float:
        """Return from when on a new token is good: the present second.

        In the second of a revocation it is the exact moment, which tells it from older tokens.
        """
        now = self._clock.now()
        return now if int(now) <= self._revoked_at.get(account.key, 0) else int(now)
