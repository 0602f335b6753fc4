"""The fast path gives the app's own answers, byte for byte, and only while they hold."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.answers import caches, personalization, until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import ADMIN_KEY, Gateway
from tests.wire import connected

_PLAIN = """
placement: plain
resource: me/categories
default: {query: {sortBy: [Name], pageSize: 3}}
"""
_HERO = """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - name: watches
    when: {segment: vip}
    query: {categoryID: mens-watches, pageSize: 4}
default: {query: {categoryID: featured, pageSize: 2}}
"""
_SPLIT = """
placement: split
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - name: test
    when: {segment: vip}
    experiment: {split: {a: 50, b: 50}}
    variants: {a: {query: {pageSize: 2}}, b: {query: {pageSize: 3}}}
default: {query: {pageSize: 2}}
"""
_IN_PLACE = """
placement: in-place
resource: me/products
route: GET /v1/me/products
default: {query: {categoryID: featured, pageSize: 2}}
"""
_VIPS = """
placement: vips
resource: me/products
scope: groups
rules:
  - {name: members, when: {group: vip, buyer: acme}, query: {pageSize: 3}}
default: {query: {pageSize: 2}}
"""
_RULES = {
    "vips.yaml": _VIPS,
    "plain.yaml": _PLAIN,
    "hero.yaml": _HERO,
    "split.yaml": _SPLIT,
    "in-place.yaml": _IN_PLACE,
}
_KEY = {"authorization": f"Bearer {ADMIN_KEY}"}
_ORIGIN = "https://shop.example"
_FAST = re.compile(rb"total;dur=0\.00\r\n")
_VARYING = re.compile(
    rb"(?<=\r\ndate: )[^\r]+|(?<=\r\nage: )\d+|(?<=\r\nx-request-id: )[0-9a-f]{32}"
    rb"|(?<=;dur=)[\d.]+|(?<=;ttl=)\d+|(?<=\"request_id\":\")[0-9a-f]{32}"
)
_LAST = b"GET /last HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller says on one connection, packet by packet.

    Whether it is a plain hit, and whether it ends the connection.
    """

    packets: tuple[str, ...]
    is_plain: bool = False
    is_last: bool = False


def _plain(*packets: str) -> Said:
    return Said(packets, is_plain=True)


def _other(*packets: str) -> Said:
    return Said(packets)


def _last(*packets: str) -> Said:
    return Said(packets, is_last=True)


_HEAD = "Host: shop\r\nAuthorization: Bearer {token}\r\n"
_GET = "GET /placements/hero HTTP/1.1\r\n" + _HEAD + "\r\n"
_BRIEF = _GET.replace("hero", "plain")
_CORPUS = {
    "a list": _plain(_GET),
    "a list without a decision": _plain(_BRIEF),
    "in place": _plain("GET /v1/me/products HTTP/1.1\r\n" + _HEAD + "\r\n"),
    "a list for a group": _plain(_GET.replace("hero", "vips")),
    "a query": _plain(_GET.replace("hero", "hero?page=1&pageSize=2&x=%20")),
    "head": _plain(_GET.replace("GET", "HEAD")),
    "one after the other": _plain(_GET, _GET, _BRIEF, _GET),
    "not modified": _plain(_GET[:-2] + "If-None-Match: {etag}\r\n\r\n"),
    "not modified, in a list": _plain(_GET[:-2] + 'If-None-Match: "x", W/{etag}\r\n\r\n'),
    "head, not modified": _plain(_GET.replace("GET", "HEAD")[:-2] + "If-None-Match: *\r\n\r\n"),
    "modified": _plain(_GET[:-2] + 'If-None-Match: "other"\r\n\r\n'),
    "a browser elsewhere": _plain(_GET[:-2] + f"Origin: {_ORIGIN}\r\n\r\n"),
    "a browser of nobody": _plain(_GET[:-2] + "Origin: https://evil.example\r\n\r\n"),
    "a browser id": _plain(_GET[:-2] + "X-Browser-Id: {browser}\r\n\r\n"),
    "a cookie": _plain(_GET[:-2] + "Cookie: a=b; bid_sandbox={browser}\r\n\r\n"),
    "zstd": _plain(_GET[:-2] + "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n"),
    "br": _plain(_GET[:-2] + "Accept-Encoding: br;q=0.8, gzip;q=0.5\r\n\r\n"),
    "gzip, of another list": _plain(_BRIEF[:-2] + "Accept-Encoding: gzip\r\n\r\n"),
    "gzip, head": _plain(_GET.replace("GET", "HEAD")[:-2] + "Accept-Encoding: gzip\r\n\r\n"),
    "gzip, not modified": _plain(
        _GET[:-2] + "Accept-Encoding: gzip\r\nIf-None-Match: {etag-gzip}\r\n\r\n"
    ),
    "odd casing": _plain(_GET.replace("Host", "hOST").replace("Authorization", "AUTHORIZATION")),
    "a word of its own for the scheme": _plain(_GET.replace("Bearer", "bearer")),
    "white space": _plain(_GET.replace(": shop", ":   shop  ")),
    "absolute form": _plain(_GET.replace(" /placements", " http://shop/placements")),
    "an escaped path": _plain(_GET.replace("hero", "h%65ro")),
    "many headers": _plain(_GET[:-2] + "".join(f"X-{n}: {n}\r\n" for n in range(80)) + "\r\n"),
    "the same header twice": _plain(_GET[:-2] + "Accept: a\r\nAccept: b\r\n\r\n"),
    "no host": _plain(_GET.replace("Host: shop\r\n", "")),
    "a line before": _plain("\r\n" + _GET),
    "a line behind": _plain(_GET + "\r\n"),
    "keep-alive, said": _plain(_GET[:-2] + "Connection: keep-alive\r\n\r\n"),
    "two at once": _other(_GET + _GET),
    "ten at once": _other(_GET * 10),
    "one and a half": _other(_GET + _GET[:40], _GET[40:]),
    "in two packets": _other(_GET[:60], _GET[60:]),
    "byte by byte": _other(*_GET[:30], _GET[30:]),
    "close": _last(_GET[:-2] + "Connection: close\r\n\r\n"),
    "an old protocol": _last(_GET.replace("1.1", "1.0")),
    "an old protocol, kept alive": _last(
        _GET.replace("1.1", "1.0")[:-2] + "Connection: keep-alive\r\n\r\n"
    ),
    "an id of the caller's": _plain(_GET[:-2] + "X-Request-Id: mine-1\r\n\r\n"),
    "another id, and a trace": _plain(
        _GET[:-2] + "TraceParent: 00-1-2-3\r\nX-REQUEST-ID:\t mine-2\r\n\r\n"
    ),
    "an id with a space behind": _plain(_GET[:-2] + "X-Request-Id: mine-2 \r\n\r\n"),
    "two ids": _plain(_GET[:-2] + "X-Request-Id: (\r\nX-Request-Id: mine-3\r\n\r\n"),
    "an empty id": _plain(_GET[:-2] + "X-Request-Id:\r\n\r\n"),
    "a header that is folded": _other(_GET[:-2] + "X-Request-Id: a\r\n b\r\n\r\n"),
    "a bad id of the caller's": _plain(_GET[:-2] + "X-Request-Id: {}\r\n\r\n"),
    "a body": _other(_GET[:-2] + "Content-Length: 4\r\n\r\nbody"),
    "a body of chunks": _other(
        _GET[:-2] + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    ),
    "a body that is expected": _other(
        _GET[:-2] + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n", "body"
    ),
    "a large head": _other(_GET[:-2] + f"X-Large: {'a' * 9000}\r\n\r\n"),
    "too large a head": _last(_GET[:-2] + f"X-Large: {'a' * 40000}\r\n\r\n"),
    "an experiment": _other(_GET.replace("hero", "split")[:-2] + "X-Browser-Id: {browser}\r\n\r\n"),
    "several": _other(_GET.replace("/hero", "?names=hero,plain")),
    "no token": _other("GET /placements/hero HTTP/1.1\r\nHost: shop\r\n\r\n"),
    "a bad token": _other(_GET.replace("{token}", "a.b.c")),
    "a token and more": _other(_GET.replace("{token}", "{token} x")),
    "two tokens": _other(_GET.replace("\r\nAuth", "\r\nAuthorization: Bearer a.b.c\r\nAuth", 1)),
    "another method": _other(_GET.replace("GET", "POST")),
    "options": _other(_GET.replace("GET", "OPTIONS")[:-2] + f"Origin: {_ORIGIN}\r\n\r\n"),
    "an unknown placement": _other(_GET.replace("hero", "nowhere")),
    "a bad query": _other(_GET.replace("hero", "hero?page=0")),
    "no HTTP": _last("nonsense\r\n\r\n"),
    "an upgrade": _last(_GET[:-2] + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
}


class Pair:
    """Two gateways that differ in `fast_path` alone, and what stands in requests to them."""

    def __init__(self, fast: Gateway, slow: Gateway, words: dict[str, str]) -> None:
        self.fast = fast
        self.slow = slow
        self.words = words

    async def answers(self, gateway: Gateway, said: Said) -> bytes:
        """Return all that *gateway* says to it, on a connection of its own."""
        async with connected(str(gateway.shop.base_url)) as wire:
            for packet in said.packets:
                await wire.say(self.filled(packet))
                await asyncio.sleep(0.002)  # so that it travels alone; no answer depends on it
            if not said.is_last:
                await wire.say(_LAST)
            return await wire.hear_all()

    def filled(self, packet: str) -> bytes:
        """Return what goes out for *packet*."""
        for name, word in self.words.items():
            packet = packet.replace(f"{{{name}}}", word)
        return packet.encode()


@pytest.fixture
async def pair(gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp) -> Pair:
    await cdp.decide("hero", {"persona": "vip"})
    token = await ordercloud.token("alice")
    fast, slow = [
        await gateway(_RULES, server={"fast_path": is_fast, "cors_origins": [_ORIGIN]})
        for is_fast in (True, False)
    ]
    etag = (await slow.get("/placements/hero", token)).headers["etag"]
    await fast.get("/placements/hero", token)
    words = {"etag": etag, "etag-gzip": f'{etag[:-1]}-gzip"', "browser": await cdp.browser()}
    return Pair(fast, slow, {"token": token, **words})


async def test_its_answers_are_those_of_the_app(pair: Pair) -> None:
    for name, said in _CORPUS.items():
        answers = [
            [await pair.answers(one, said) for one in (pair.fast, pair.slow)] for _ in range(4)
        ]
        for fast, slow in answers:
            assert _VARYING.sub(b"", fast) == _VARYING.sub(b"", slow), name
            assert not _FAST.search(slow)
        assert bool(_FAST.search(answers[-1][0])) is said.is_plain, name


@pytest.mark.parametrize("seed", range(3))
async def test_however_requests_are_cut_into_packets_the_answers_are_the_same(
    pair: Pair, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    plain = [one for one in _CORPUS.values() if one.is_plain][:12]
    for said in plain * 2:
        await pair.answers(pair.fast, said)
        await pair.answers(pair.slow, said)
    texts = [pair.filled("".join(said.packets)).decode() for said in plain]
    for _ in range(30):
        said = Said(tuple(_cut("".join(draw.choices(texts, k=4)), draw)))
        fast, slow = [await pair.answers(one, said) for one in (pair.fast, pair.slow)]
        assert _VARYING.sub(b"", fast) == _VARYING.sub(b"", slow), said


def _cut(text: str, draw: random.Random) -> Iterator[str]:
    """Cut *text* into a few packets: between two requests, mostly."""
    ends = [match.end() for match in re.finditer(r"\r\n\r\n", text)]
    cuts = {0, len(text), *draw.sample(ends, 2), draw.randrange(len(text))}
    for start, end in pairwise(sorted(cuts)):
        yield text[start:end]


async def test_what_it_answers_is_counted_and_named_like_the_rest(pair: Pair) -> None:
    said = _CORPUS["one after the other"]
    answers = [await pair.answers(pair.fast, said) for _ in range(5)]
    ids = re.findall(rb"x-request-id: ([0-9a-f]{32})\r", b"".join(answers))
    assert len(set(ids)) == 5 * 5
    for _ in range(5):
        await pair.answers(pair.slow, said)
    assert await _counts(pair.fast) == await _counts(pair.slow)
    assert await _counts(pair.fast) == await _counts(pair.slow)


async def _counts(gateway: Gateway) -> set[str]:
    """Return the metrics that count answers, as lines, but for times."""
    text = (await gateway.operate("/metrics")).text
    counted = r"decision_proxy_(requests|placements|pages|request_seconds_count)[^\n]*"
    lines = {match[0] for match in re.finditer(counted, text) if "_created" not in match[0]}
    return {line for line in lines if "/metrics" not in line}


Change = Callable[["Pair", OrderCloud, Cdp], Awaitable[Any]]


class Asking:
    """Asks the fast gateway for the hero until it answers at once."""

    def __init__(self, gateway: Gateway, token: str) -> None:
        self._gateway = gateway
        self._token = token

    async def __call__(self) -> Any:
        return await self._gateway.get("/placements/hero", self._token)

    async def is_fast(self) -> bool:
        timing: str = (await self()).headers["server-timing"]
        return timing.endswith("total;dur=0.00")

    async def warm(self) -> None:
        await until(self.is_fast, bool)


@pytest.fixture
async def asking(gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp) -> Asking:
    await cdp.decide("hero", {"persona": "vip"})
    asking = Asking(await gateway(_RULES), await ordercloud.token("alice"))
    await asking.warm()
    return asking


async def test_another_shopper_is_not_given_it(asking: Asking, ordercloud: OrderCloud) -> None:
    other = Asking(asking._gateway, await ordercloud.token("bob"))
    answer = await other()
    assert caches(answer) == {"decision": "fwd=miss", "page": "fwd=miss"}


@pytest.mark.parametrize("tag", ["all", "placement:hero", "category:mens-watches"])
async def test_what_is_purged_is_asked_for_again(asking: Asking, tag: str) -> None:
    purged = await asking._gateway.admin.post("/purge", json={"tags": [tag]}, headers=_KEY)
    assert purged.is_success
    assert caches(await asking())["page"] == "fwd=miss"
    await asking.warm()


async def test_what_a_purge_does_not_concern_stays(asking: Asking) -> None:
    purged = await asking._gateway.admin.post(
        "/purge", json={"tags": ["product:none-of-these"]}, headers=_KEY
    )
    assert purged.is_success
    assert await asking.is_fast()


async def test_new_rules_are_asked_at_once(asking: Asking, tmp_path: Any) -> None:
    rules = tmp_path / "rules" / "hero.yaml"
    rules.write_text(_HERO.replace("name: watches", "name: clocks"))
    await until(asking, lambda answer: personalization(answer)["rule"] == "clocks")
    await asking.warm()
    assert personalization(await asking())["rule"] == "clocks"
