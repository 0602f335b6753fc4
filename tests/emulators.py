"""Both emulators as a test sees them: over HTTP, by their public control plane."""

from dataclasses import dataclass
from typing import Any

import httpx2

STOREFRONT = "storefront-client"
PASSWORD = "Password123!"


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    http: httpx2.AsyncClient

    @property
    def url(self) -> str:
        """Return where it answers."""
        return str(self.http.base_url).rstrip("/")

    async def seen(self, path: str) -> list[dict[str, Any]]:
        """Return the requests whose path starts with *path*, oldest first."""
        requests = (await self.http.get("/_sandbox/requests")).json()
        return [one for one in requests if one["path"].startswith(path)]

    async def fail(self, path: str, **fault: Any) -> None:
        """Make requests whose path starts with *path* go wrong."""
        await self._control("PUT", "faults", {"match": path, **fault})

    async def recover(self) -> None:
        """Let everything go right again."""
        await self._control("DELETE", "faults", None)

    async def reset(self) -> None:
        """Go back to the seed."""
        await self._control("POST", "reset", None)

    async def _control(self, method: str, what: str, body: object) -> None:
        answer = await self.http.request(method, f"/_sandbox/{what}", json=body)
        answer.raise_for_status()


class OrderCloud(Emulator):
    """The marketplace."""

    async def token(self, user: str | None = None) -> str:
        """Return a fresh access token of *user*, or of a new anonymous shopper."""
        form = {"grant_type": "client_credentials", "client_id": STOREFRONT}
        if user is not None:
            form |= {"grant_type": "password", "username": user, "password": PASSWORD}
        return await self._grant(form)

    async def token_with(self, scope: str) -> str:
        """Return the token of an anonymous shopper with only the roles of *scope*."""
        form = {"grant_type": "client_credentials", "client_id": STOREFRONT, "scope": scope}
        return await self._grant(form)

    async def lists(self) -> list[str]:
        """Return path and query of every list request so far."""
        return [_target(one) for one in await self.seen("/v1/me/")]

    async def admin_token(self) -> str:
        """Return an access token of the marketplace's administrator."""
        form = {"grant_type": "client_credentials", "client_id": "admin-client"}
        return await self._grant({**form, "client_secret": "admin-secret"})

    async def administer(self, method: str, path: str, body: object = None) -> None:
        """Write as the marketplace's administrator."""
        headers = {"authorization": f"Bearer {await self.admin_token()}"}
        answer = await self.http.request(method, f"/v1/{path}", json=body, headers=headers)
        answer.raise_for_status()

    async def join(self, user: str, *, group: str) -> str:
        """Make a new *user* of the buyer acme, in a user group of it; return the access token."""
        profile = {"FirstName": user, "LastName": "New", "Email": f"{user}@shop.test"}
        body = {"ID": user, "Username": user, "Password": PASSWORD, "Active": True, **profile}
        await self.administer("POST", "buyers/acme/users", body)
        member = {"UserGroupID": group, "UserID": user}
        await self.administer("POST", "buyers/acme/usergroups/assignments", member)
        return await self.token(user)

    async def leave(self, user: str, *, group: str) -> None:
        """Take a user of the buyer acme out of a user group."""
        await self.administer("DELETE", f"buyers/acme/usergroups/{group}/assignments/{user}")

    async def _grant(self, form: dict[str, str]) -> str:
        answer = await self.http.post("/oauth/token", data=form)
        token: str = answer.raise_for_status().json()["access_token"]
        return token


class Cdp(Emulator):
    """The CDP tenant."""

    async def decide(self, flow: str, output: object) -> None:
        """Make *flow* put out *output* for everybody."""
        await self._control("PUT", f"flows/{flow}", {"output": output})

    async def browser(self) -> str:
        """Return a new browser id."""
        asked = {"client_key": "sandbox", "message": "{}"}
        answer = await self.http.get("/v1.2/browser/create.json", params=asked)
        browser_id: str = answer.raise_for_status().json()["ref"]
        return browser_id

    async def calls(self) -> list[dict[str, Any]]:
        """Return the flow executions asked for so far."""
        return await self.seen("/v2/callFlows")


def _target(request: dict[str, Any]) -> str:
    query = request["query"]
    return f"{request['path']}?{query}" if query else str(request["path"])
