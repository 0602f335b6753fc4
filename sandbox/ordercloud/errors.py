"""OrderCloud's errors: one exception, one body, and `data/errors.json` for what each code means."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    """Return status and message by code.

    Messages are OrderCloud's own texts, which clients may show or compare. Which statuses are
    assumed stands in docs/sandbox-ordercloud.md.
    """
    text = files("sandbox.ordercloud").joinpath("data/errors.json").read_text(encoding="utf-8")
    table: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return table


class ApiError(Exception):
    """A refusal that OrderCloud would answer: a code of the table, and its `Data`."""

    def __init__(self, code: str, data: object = None) -> None:
        known = _table()[code]
        self.status: int = known["status"]
        self.message: str = known["message"]
        self.code = code
        self.data = data
        super().__init__(code)

    def body(self) -> dict[str, Any]:
        """Return the error in OrderCloud's shape: `{"Errors": [{ErrorCode, Message, Data}]}`."""
        return {"Errors": [{"ErrorCode": self.code, "Message": self.message, "Data": self.data}]}


class OAuthError(ApiError):
    """A refused login for which OrderCloud has no code of its own, only OAuth's *error*."""

    def __init__(self, error: str) -> None:
        super().__init__("Auth.OauthError")
        self.error = error


def not_found(kind: str, entity_id: str) -> ApiError:
    """Return the 404 for *kind*; the JavaScript SDK builds its message from this Data."""
    return ApiError("NotFound", {"ObjectType": kind, "ObjectID": entity_id})
