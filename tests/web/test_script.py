"""The storefront's module: small, served to any shop, and never throwing."""

import asyncio
import gzip
import shutil
from pathlib import Path

import pytest

from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud

_HERE = Path(__file__).parent
_MODULE = _HERE.parent.parent / "proxy" / "web" / "static" / "decision-proxy.js"
_RULES = {
    "fixed.yaml": "placement: fixed\nresource: me/products\ndefault: {query: {}}\n",
}


async def test_the_module_is_served_with_its_types(gateway: StartGateway) -> None:
    running = await gateway(_RULES, server={"cors_origins": "https://shop.example"})
    module = await running.get("/decision-proxy.js", headers={"origin": "https://shop.example"})
    assert module.content == _MODULE.read_bytes()
    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["access-control-allow-origin"] == "https://shop.example"
    types = await running.get("/decision-proxy.d.ts")
    assert "export declare function connect" in types.text


def test_the_module_is_small() -> None:
    assert len(gzip.compress(_MODULE.read_bytes())) < 3 * 1024


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
async def test_every_call_works_or_falls_back(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp, tmp_path: Path
) -> None:
    running = await gateway(
        _RULES, events={"outbox": tmp_path / "outbox.db"}, server={"drain": "1s"}
    )
    module = tmp_path / "decision-proxy.mjs"
    shutil.copy(_MODULE, module)
    script = shutil.copy(_HERE / "script.test.js", tmp_path / "script.test.mjs")
    arguments = (str(module), str(running.shop.base_url).rstrip("/"), await ordercloud.token())
    node = await asyncio.create_subprocess_exec("node", script, *arguments, stderr=-1)
    _, complaints = await node.communicate()
    assert node.returncode == 0, complaints.decode()
    assert len(await cdp.seen("/v1.2/events")) >= 2
