"""The API's description as a contract: every answer must be of the status and shape it says.

It is read strictly: a model's properties are all there, absent values are null, and nothing else is
there.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx2
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from sandbox.ordercloud import spec
from sandbox.ordercloud.router import Router
from sandbox.ordercloud.routes import ROUTES

_OPTIONAL = {"Facets", "refresh_token", "Discount", "Discounted"}
"""On product lists only; from clients set up for it; in OrderCloud's beta features."""


class Contract:
    """Checks answers and keeps which operations they were of."""

    def __init__(self) -> None:
        self._router = Router(ROUTES)
        self.kept: set[str] = set()

    async def check(self, response: httpx2.Response) -> None:
        """Fail if an answer under `/v1` is not as described."""
        request = response.request
        match = self._router.find(request.method, request.url.path.removeprefix("/v1"))
        if match is None or not request.url.path.startswith("/v1"):
            return
        await response.aread()
        operation = match.operation
        if response.is_success:
            self.kept.add(f"{operation.verb} {operation.path}")
            assert response.status_code == operation.status
            _check(response, _answer_of(operation.verb, operation.path))
        else:
            _check(response, _refusal())


def _check(response: httpx2.Response, validator: Validator | None) -> None:
    if validator is None:
        assert response.content == b""
        return
    assert response.headers["content-type"].startswith("application/json")
    validator.validate(response.json())


@cache
def _answer_of(verb: str, path: str) -> Validator | None:
    """Return what checks an operation's answer, None where it has no body."""
    [answer] = spec.document()["paths"][path][verb.lower()]["responses"].values()
    if "content" not in answer:
        return None
    return Draft202012Validator(_strict(answer["content"]["application/json"]["schema"]))


@cache
def _refusal() -> Validator:
    return Draft202012Validator(_strict({"$ref": "#/components/schemas/ErrorResponse"}))


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema of an OpenAPI one, references resolved."""
    schema = spec.resolved(schema["allOf"][0] if "allOf" in schema else schema)
    if "properties" in schema:
        properties = {name: _or_null(each) for name, each in schema["properties"].items()}
        required = [name for name in properties if name not in _OPTIONAL]
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    if schema.get("type") == "array":
        return {"type": "array", "items": _strict(schema["items"])}
    return {name: schema[name] for name in ("type", "enum", "maxLength") if name in schema}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_strict(schema), {"type": "null"}]}
