"""What OrderCloud and CDP say in the benchmarks: the sandbox's own answers, cut to size."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import sandbox_lists, upstream
from benchmarks.tokens import Tokens
from sandbox.ordercloud.app import build

SIZES = {"1k": 1024, "4k": 4 * 1024, "24k": 24 * 1024}


def record(folder: Path, tokens: Tokens) -> None:
    """Write into *folder* what `benchmarks.upstream` answers."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = asyncio.run(_products())
    for name, size in SIZES.items():
        (folder / upstream.LIST.format(size=name)).write_text(cut(whole, size), encoding="ascii")
    (folder / upstream.DECISION).write_text(json.dumps({"persona": "vip"}), encoding="ascii")
    certificate = json.dumps(tokens.certificate)
    (folder / upstream.CERTIFICATE).write_text(certificate, encoding="ascii")


def cut(whole: dict[str, Any], size: int) -> str:
    """Return a list of as many items as fit into *size* bytes; spaces fill the rest.

    Its first item is the mark that stands for a shopper.
    """
    others = whole["Items"]
    items = [{"ID": "first", "Name": upstream.MARK.decode()}]
    meta = {name: value for name, value in whole["Meta"].items() if name != "Facets"}
    for item in others:
        if len(json.dumps({"Meta": meta, "Items": [*items, item]})) > size:
            break
        items.append(item)
    return json.dumps({"Meta": meta, "Items": items}).ljust(size)


async def _products() -> dict[str, Any]:
    app = build()
    form = urlencode(sandbox_lists.LOGIN).encode()
    login = json.loads(
        await sandbox_lists.send(app, "POST", "/oauth/token", sandbox_lists.FORM, form)
    )
    headers = {"authorization": f"Bearer {login['access_token']}"}
    body = await sandbox_lists.send(app, "GET", "/v1/me/products?pageSize=100", headers)
    products: dict[str, Any] = json.loads(body)
    return products
