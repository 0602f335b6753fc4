"""Calls the endpoints of connections: data systems and destinations."""

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from sandbox.cdp.definitions.connection import Connection

_KEY = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_HOST = re.compile(r"\$\((\w+)\)")
_OK = range(200, 300)


class ConnectionFailedError(Exception):
    """The endpoint was not reached in time, answered with an error, or not with JSON."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls connections; *hosts* says where `$(name)` in an address points."""

    client: httpx2.AsyncClient
    hosts: Mapping[str, str]

    async def ask(self, connection: Connection, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the mapped outputs of a data system, its `${keys}` filled with *values*.

        Raises ConnectionFailedError.
        """
        response = await self.send(connection, values)
        if response.status_code not in _OK:
            raise ConnectionFailedError(f"{connection.name} answered {response.status_code}")
        try:
            reply = response.json()
        except ValueError as exc:
            raise ConnectionFailedError(f"{connection.name} answered no JSON") from exc
        found = reply if isinstance(reply, dict) else {"result": reply}
        return {output: found[output] for output in connection.outputs if output in found}

    async def send(
        self, connection: Connection, values: Mapping[str, Any], *, body: str | None = None
    ) -> httpx2.Response:
        """Make the connection's request once, with *body* in place of its own if given.

        Raises ConnectionFailedError unless an answer, of any status, came in time.
        """
        content = _fill(connection.body or "", values, _in_json) if body is None else body
        given = {name: _fill(text, values, str) for name, text in connection.headers.items()}
        try:
            return await self.client.request(
                connection.method,
                self._located(_fill(connection.url, values, _in_url)),
                headers=given | await self._signed_in(connection),
                content=content.encode(),
                timeout=_timeout(connection),
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as exc:
            reason = f"{type(exc).__name__}: {exc}"
            raise ConnectionFailedError(f"{connection.name}: {reason}") from exc

    def _located(self, url: str) -> str:
        return _HOST.sub(lambda match: self.hosts.get(match[1], match[0]), url)

    async def _signed_in(self, connection: Connection) -> dict[str, str]:
        """Return the headers that authenticate."""
        auth = connection.auth
        match auth.auth_type:
            case "BASIC":
                credentials = f"{auth.username}:{auth.password}".encode()
                return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
            case "OAUTH2":
                return {"Authorization": f"Bearer {await self._access_token(connection)}"}
            case _:
                return {}

    async def _access_token(self, connection: Connection) -> str:
        auth = connection.auth
        form = {
            "grant_type": "client_credentials",
            "client_id": auth.client_id,
            "client_secret": auth.client_secret,
        }
        url = self._located(auth.token_url)
        reply = await self.client.post(url, data=form, timeout=_timeout(connection))
        if reply.status_code not in _OK or "access_token" not in reply.json():
            raise ConnectionFailedError(f"{url} gave no token: {reply.status_code}")
        return str(reply.json()["access_token"])


def _timeout(connection: Connection) -> httpx2.Timeout:
    connect_s = connection.connection_timeout / 1000
    return httpx2.Timeout(connection.socket_timeout / 1000, connect=connect_s)


def _fill(text: str, values: Mapping[str, Any], written: Callable[[Any], str]) -> str:
    """Put *values* in for the `${keys}` of *text*; one that is missing leaves nothing."""

    def filled(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return "" if value is None else written(value)

    return _KEY.sub(filled, text)


def _in_url(value: Any) -> str:
    return urllib.parse.quote(str(value), safe="")


def _in_json(value: Any) -> str:
    """Write *value* to stand in a JSON document: a text is escaped, for the quotes around it."""
    written = json.dumps(value, ensure_ascii=False)
    return written[1:-1] if isinstance(value, str) else written


def describe(connection: Connection, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Return a connection as the REST API and decision models write it, without secrets.

    *mapping* says which expression fills which `${key}`.
    """
    request = {"requestType": connection.method, "connectionUrl": connection.url}
    filled = [connection.body or "", *connection.headers.values()]
    return {
        "ref": connection.ref,
        "name": connection.name,
        "auth": {"authType": connection.auth.auth_type},
        "request": request | ({"requestBody": connection.body} if connection.body else {}),
        "urlParameters": _parameters(connection.url, mapping),
        "inputMappings": _parameters(" ".join(filled), mapping),
        "outputMappings": [{"label": out, "outputReference": out} for out in connection.outputs],
        "customHeaders": [
            {"name": name, "value": value} for name, value in connection.headers.items()
        ],
        "systemType": connection.system_type,
        "connectionTimeout": connection.connection_timeout,
        "socketTimeout": connection.socket_timeout,
        "revision": 1,
        "archived": False,
    }


def _parameters(text: str, mapping: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"label": key, "key": key, "type": "string", "mapping": mapping.get(key)}
        for key in _KEY.findall(text)
    ]
