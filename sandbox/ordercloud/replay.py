"""A catalog of one's own: the seller's calls, kept in files, carried out on top of the seed.

A file is a JSON list of `{"call": "PUT /products/tent", "body": {…}}`, with the paths and bodies
of OrderCloud's API (without `/v1`). Files are read in the order of their names.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.router import Router
from sandbox.ordercloud.sessions import Session

_SELLER = "admin"


def replay(marketplace: Marketplace, routes: Mapping[str, Endpoint], folder: Path) -> None:
    """Carry out the calls in a folder's `*.json`; raise ValueError naming the one that fails."""
    router, session = Router(routes), _session(marketplace)
    for file in sorted(folder.glob("*.json")):
        for number, entry in enumerate(json.loads(file.read_text(encoding="utf-8")), start=1):
            try:
                _carry_out(marketplace, router, session, entry)
            except (ApiError, KeyError) as exc:
                reason = exc.body() if isinstance(exc, ApiError) else f"{exc} is missing"
                raise ValueError(f"{file.name}: call {number}: {reason}") from exc


def _session(marketplace: Marketplace) -> Session:
    account = marketplace.accounts.get_active(_SELLER)
    return Session(
        account=account,
        viewer=marketplace.accounts.viewer(account),
        client_id="",
        roles=("FullAccess",),
        order_id=None,
        token="",
    )


def _carry_out(
    marketplace: Marketplace, router: Router, session: Session, entry: dict[str, Any]
) -> None:
    verb, _, path = entry["call"].partition(" ")
    match = router.find(verb, path)
    if match is None:
        raise KeyError(entry["call"])
    call = Call(
        marketplace=marketplace,
        session=session,
        verb=verb,
        path=match.operation.path,
        ids=match.ids,
        query=(),
        body=entry.get("body"),
        log_id="",
    )
    match.operation.endpoint(call)
