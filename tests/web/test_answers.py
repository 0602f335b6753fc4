"""Answers in the coding that the caller prefers; their other headers: web/test_placements.py."""

import httpx2
import pytest

from proxy.core.codings import Coding, decoded
from tests.conftest import StartGateway
from tests.emulators import OrderCloud
from tests.servers import Gateway

_RULES = {
    "large.yaml": "placement: large\nresource: me/products\ndefault: {query: {pageSize: 20}}\n",
    "small.yaml": """
placement: small
resource: me/categories
default: {query: {ID: none-of-these}}
""",
}


class Asking:
    """Asks one gateway as one shopper, for what is *accepted*."""

    def __init__(self, gateway: Gateway, token: str) -> None:
        self._gateway = gateway
        self._token = token

    async def __call__(
        self, accepted: str, path: str = "/placements/large", method: str = "GET", **headers: str
    ) -> httpx2.Response:
        sent = {"authorization": f"Bearer {self._token}", "accept-encoding": accepted}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._gateway.shop.request(method, path, headers={**sent, **named})


@pytest.fixture
async def ask(gateway: StartGateway, ordercloud: OrderCloud) -> Asking:
    return Asking(await gateway(_RULES), await ordercloud.token("alice"))


async def test_each_coding_carries_the_same_list_under_a_tag_of_its_own(ask: Asking) -> None:
    plain = await ask("identity")
    tags = {plain.headers["etag"]}
    assert "content-encoding" not in plain.headers
    for coding in Coding:
        answer = await ask(coding)
        assert answer.headers["content-encoding"] == coding
        assert "Accept-Encoding" in answer.headers["vary"]
        assert int(answer.headers["content-length"]) < len(plain.content) / 2
        # The client undoes the other two by itself.
        left = coding if coding is Coding.ZSTD else "identity"
        assert decoded(answer.content, left, max_bytes=100_000) == plain.content
        tags.add(answer.headers["etag"])
    assert len(tags) == 1 + len(Coding)


async def test_a_tag_is_known_in_its_own_coding_only(ask: Asking) -> None:
    tag = (await ask("br")).headers["etag"]
    same = await ask("br", if_none_match=tag)
    assert (same.status_code, same.headers["etag"], same.content) == (304, tag, b"")
    assert "content-encoding" not in same.headers
    assert (await ask("gzip", if_none_match=tag)).status_code == 200


async def test_a_head_tells_what_a_get_would_bring(ask: Asking) -> None:
    got = await ask("zstd")
    head = await ask("zstd", method="HEAD")
    for name in ("content-encoding", "content-length", "etag"):
        assert head.headers[name] == got.headers[name]
    assert head.content == b""


async def test_a_small_list_is_sent_as_it_is(ask: Asking) -> None:
    answer = await ask("gzip, br, zstd", "/placements/small")
    assert "content-encoding" not in answer.headers
    assert answer.json()["Items"] == []


async def test_several_lists_are_encoded_together(ask: Asking) -> None:
    answer = await ask("br", "/placements?names=large,small")
    assert answer.headers["content-encoding"] == "br"
    assert len(answer.json()["large"]["Items"]) == 20


async def test_what_is_passed_through_stays_as_ordercloud_sent_it(ask: Asking) -> None:
    answer = await ask("br", "/v1/me/products")
    assert "content-encoding" not in answer.headers
