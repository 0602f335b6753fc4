"""Who is let in, what OrderCloud is asked to find out, and what a refused token gets to see."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.responses import JSONResponse, Response

from proxy.edge.http import Upstream
from proxy.edge.known import Known
from proxy.edge.token import Verifier
from proxy.errors import TokenError, UpstreamBusy, UpstreamError, UpstreamFailed
from proxy.model import Shopper
from proxy.sections import OrderCloud as OrderCloudConfig
from proxy.tasks import Tasks
from tests.answers import caches
from tests.clock import Clock
from tests.conftest import StartGateway
from tests.edge.conftest import Connect
from tests.issuer import AUDIENCE, CLIENT, Issuer, compact, private_key
from tests.servers import Servers

_NOW = 1_800_000_000.0
_SKEW_S = 30
_LIST = {"list.yaml": "placement: list\nresource: me/products\ndefault: {query: {}}"}


def _hs256_with_the_public_key(issuer: Issuer) -> str:
    """Sign with what everybody knows, for a verifier that takes the algorithm from the token."""
    public = private_key("first").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": "first"}
    signed = compact(header, issuer.claims()).rpartition(".")[0]
    signature = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
    return compact(header, issuer.claims(), signature)


def _with_other_claims(issuer: Issuer) -> str:
    """Keep the signature of a good token, and change what it says."""
    header, _, signature = issuer.token().split(".")
    claims = compact({}, issuer.claims(usr="bob")).split(".")[1]
    return f"{header}.{claims}.{signature}"


def _with_its_own_key(issuer: Issuer) -> str:
    """Bring the key along in the header, as some verifiers allow."""
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private_key("forged").public_key(), as_dict=True)
    headers = {"kid": "first", "jwk": jwk, "jku": "http://127.0.0.1:1/keys"}
    return jwt.encode(issuer.claims(), private_key("forged"), algorithm="RS256", headers=headers)


def _headed(header: dict[str, Any]) -> Callable[[Issuer], str]:
    return lambda issuer: f"Bearer {compact({'alg': 'RS256', **header}, issuer.claims(), b's')}"


def _claiming(**claims: Any) -> Callable[[Issuer], str]:
    return lambda issuer: f"Bearer {issuer.token(**claims)}"


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


_HEADER = _encoded('{"alg": "RS256", "kid": "first"}')
_JUNK: dict[str, Callable[[Issuer], str]] = {
    "nothing": lambda _: "",
    "no scheme": lambda issuer: issuer.token(),
    "another scheme": lambda issuer: f"Basic {issuer.token()}",
    "a scheme alone": lambda _: "Bearer",
    "not a JWT": lambda _: "Bearer some-opaque-token",
    "a header nested too deep": lambda _: f"Bearer {_encoded('[' * 4000)}.W10.YQ",
    "claims nested too deep": lambda _: f"Bearer {_HEADER}.{_encoded('[' * 4000)}.YQ",
    "two parts": lambda _: "Bearer e30.e30",
    "parts that are no JSON": lambda _: "Bearer YQ.YQ.YQ",
    "claims that are no object": lambda _: f"Bearer {_HEADER}.W10.YQ",
    "no signature": lambda issuer: f"Bearer {issuer.token().rpartition('.')[0]}.",
    "two tokens": lambda issuer: f"Bearer {issuer.token()} {issuer.token()}",
    "padding": lambda issuer: f"Bearer {' ' * 100}{issuer.token()}",
    "far too long": lambda issuer: f"Bearer {issuer.token(xp='x' * 10_000)}",
    "kid with a path": _headed({"kid": "../../v1/me"}),
    "kid of dots": _headed({"kid": ".."}),
    "kid with a query": _headed({"kid": "first?x=1"}),
    "kid with a line break": _headed({"kid": "first\r\nx-a: b"}),
    "empty kid": _headed({"kid": ""}),
    "kid of another type": _headed({"kid": 1}),
}
"""Refused for their form: not a single call is made for them."""

_FOREIGN: dict[str, Callable[[Issuer], str]] = {
    "foreign issuer": _claiming(iss="https://auth.example"),
    "no issuer": _claiming(iss=None),
    "foreign audience": _claiming(aud="http://127.0.0.1:1"),
    "no audience": _claiming(aud=None),
    "a list of foreign audiences": _claiming(aud=["https://a.example", "https://b.example"]),
    "foreign API client": _claiming(cid="another-client"),
    "no API client": _claiming(cid=None),
    "seller user": _claiming(usrtype="admin"),
    "supplier user": _claiming(usrtype="supplier"),
    "no kind of user": _claiming(usrtype=None),
    "no expiry": _claiming(exp=None),
    "expiry as text": lambda issuer: (
        f"Bearer {compact({'alg': 'RS256', 'kid': 'first'}, issuer.claims(exp='never'), b's')}"
    ),
    "expired": lambda issuer: f"Bearer {issuer.token(exp=int(issuer.now) - 1)}",
    "expired this second": lambda issuer: f"Bearer {issuer.token(exp=int(issuer.now))}",
    "not valid yet": lambda issuer: f"Bearer {issuer.token(nbf=int(issuer.now) + 600)}",
}
"""Refused for what they say: not a single call is made for them, wherever they point."""

_FORGED: dict[str, Callable[[Issuer], str]] = {
    "alg none": _headed({"alg": "none", "kid": "first"}),
    "HS256 with the public key": lambda issuer: f"Bearer {_hs256_with_the_public_key(issuer)}",
    "another key under a known kid": lambda issuer: f"Bearer {issuer.token(key='forged')}",
    "key brought along": lambda issuer: f"Bearer {_with_its_own_key(issuer)}",
    "changed claims": lambda issuer: f"Bearer {_with_other_claims(issuer)}",
    "cut signature": lambda issuer: f"Bearer {issuer.token()[:-10]}",
    "no user": _claiming(usr=None),
}
"""Refused for their signature: OrderCloud is asked for the key, and for nothing else."""

_REFUSED = {**_JUNK, **_FOREIGN, **_FORGED}


@pytest.fixture
def clock() -> Clock:
    return Clock(_NOW)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(now=_NOW)


class Asking:
    """A verifier, asked with tokens."""

    def __init__(self, restarted: Callable[[], Verifier]) -> None:
        self.restarted = restarted
        self.verifier = restarted()

    async def admit(self, token: str) -> Shopper:
        return await self.verifier.verify(f"Bearer {token}")

    async def refuse(self, authorization: str | None) -> str:
        with pytest.raises(TokenError) as refusal:
            await self.verifier.verify(authorization)
        return str(refusal.value)


@pytest.fixture
async def url(servers: Servers, issuer: Issuer) -> str:
    return await servers.serve(issuer.app())


def _verifier(
    upstream: Upstream, config: OrderCloudConfig, *, tasks: Tasks, clock: Clock
) -> Verifier:
    known = Known(1024**2)
    return Verifier(upstream, upstream, config, known=known, tasks=tasks, clock=clock)


@pytest.fixture
async def asking(url: str, connect: Connect, clock: Clock) -> AsyncIterator[Asking]:
    config = OrderCloudConfig(url=url, audiences=(AUDIENCE,), clients=(CLIENT,))
    tasks = Tasks()
    upstream = await connect(url)
    yield Asking(partial(_verifier, upstream, config, tasks=tasks, clock=clock))
    await tasks.close()


async def test_a_good_token_names_its_shopper(asking: Asking, issuer: Issuer) -> None:
    token = issuer.token(role=["Shopper", "MeAdmin"], imp="1920563")
    shopper = await asking.admit(token)
    assert shopper == Shopper(
        token=token,
        client_id=CLIENT,
        username="alice",
        order_id=None,
        roles=frozenset({"Shopper", "MeAdmin"}),
        impersonator="1920563",
        expires_at=_NOW + 3600,
    )
    assert token not in repr(shopper)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [AUDIENCE, "https://other.example"]},
        {"aud": f"{AUDIENCE}/"},
        {"cid": CLIENT.upper()},
        {"nbf": int(_NOW) + _SKEW_S},
        {"nbf": None},
        {"exp": _NOW + 0.5},
        {"role": None},
    ],
    ids=str,
)
async def test_what_ordercloud_may_write_is_accepted(
    asking: Asking, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert (await asking.admit(issuer.token(**claims))).username == "alice"


async def test_the_scheme_is_read_in_either_case(asking: Asking, issuer: Issuer) -> None:
    assert "signature" not in await asking.refuse("bearer x")
    assert (await asking.verifier.verify(f"bearer {issuer.token()}")).username == "alice"


async def test_a_single_role_is_written_as_plain_text(asking: Asking, issuer: Issuer) -> None:
    assert (await asking.admit(issuer.token(role="Shopper"))).roles == {"Shopper"}


async def test_anonymous_shoppers_are_told_apart_by_their_cart(
    asking: Asking, issuer: Issuer
) -> None:
    one, other = [await asking.admit(issuer.token(orderid=cart)) for cart in ("cart-1", "cart-2")]
    assert one.is_anonymous
    assert one.id != other.id
    assert not (await asking.admit(issuer.token())).is_anonymous


async def test_without_a_header_the_caller_is_told_what_to_send(asking: Asking) -> None:
    assert "Authorization: Bearer" in await asking.refuse(None)


@pytest.mark.parametrize("make", (_JUNK | _FOREIGN).values(), ids=(_JUNK | _FOREIGN).keys())
async def test_junk_and_foreign_tokens_cause_no_call_anywhere(
    asking: Asking, issuer: Issuer, make: Callable[[Issuer], str]
) -> None:
    await asking.refuse(make(issuer))
    assert not issuer.asked


@pytest.mark.parametrize("make", _FORGED.values(), ids=_FORGED.keys())
async def test_forged_tokens_fail_on_the_published_key(
    asking: Asking, issuer: Issuer, make: Callable[[Issuer], str]
) -> None:
    await asking.refuse(make(issuer))
    assert issuer.asked == ["/oauth/certs/first"]


@pytest.mark.parametrize("make", _REFUSED.values(), ids=_REFUSED.keys())
async def test_a_refusal_never_repeats_what_was_sent(
    asking: Asking, issuer: Issuer, make: Callable[[Issuer], str]
) -> None:
    refusal = await asking.refuse(make(issuer))
    assert refusal.isascii()
    assert "e30" not in refusal
    assert "example" not in refusal


class TestKeys:
    async def test_one_fetch_serves_all_tokens_of_a_key(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        tokens = [issuer.token(usr=f"user-{n}") for n in range(20)]
        shoppers = await asyncio.gather(*map(asking.admit, tokens))
        assert len({shopper.id for shopper in shoppers}) == 20
        assert issuer.asked == ["/oauth/certs/first"]

    async def test_an_unknown_key_is_asked_for_once_a_minute(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        for user in ("alice", "bob"):
            assert "key" in await asking.refuse(f"Bearer {issuer.token('second', usr=user)}")
        assert issuer.asked == ["/oauth/certs/second"]
        clock.now += 61
        issuer.published.add("second")
        await asking.admit(issuer.token("second"))
        assert issuer.asked == ["/oauth/certs/second"] * 2

    async def test_made_up_key_ids_cost_ordercloud_few_look_ups(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        await asking.admit(issuer.token())
        made_up = [issuer.token("second")] + [
            compact({"alg": "RS256", "kid": f"made-up-{n}"}, issuer.claims(), b"s")
            for n in range(300)
        ]
        outcomes = await asyncio.gather(*map(asking.admit, made_up), return_exceptions=True)
        assert {type(one) for one in outcomes} == {TokenError, UpstreamBusy}
        assert len(issuer.asked) <= 65
        clock.now += 61
        issuer.published.add("second")
        assert (await asking.admit(issuer.token("second"))).username == "alice"

    async def test_a_key_that_was_good_once_is_fetched_anew_however_many_are_made_up(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        await asking.admit(issuer.token())
        clock.now = issuer.now = _NOW + 24 * 3600 + 1
        for n in range(70):
            with pytest.raises((TokenError, UpstreamBusy)):
                await asking.admit(
                    compact({"alg": "RS256", "kid": f"made-up-{n}"}, issuer.claims(), b"s")
                )
        assert (await asking.admit(issuer.token())).username == "alice"

    async def test_a_rotated_key_is_fetched_and_the_old_one_still_serves(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        old = issuer.token()
        await asking.admit(old)
        issuer.published = {"second"}
        await asking.admit(issuer.token("second"))
        await asking.admit(issuer.token(usr="bob"))
        assert issuer.asked == ["/oauth/certs/first", "/oauth/certs/second"]

    async def test_a_key_is_fetched_anew_after_a_day(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        await asking.admit(issuer.token())
        clock.now += 24 * 3600 + 1
        issuer.published.clear()
        issuer.now = clock.now
        await asking.refuse(f"Bearer {issuer.token()}")
        assert issuer.asked == ["/oauth/certs/first"] * 2

    async def test_the_last_key_stands_in_while_ordercloud_is_out(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        await asking.admit(issuer.token())
        clock.now += 24 * 3600 + 1
        issuer.now = clock.now
        issuer.certs = JSONResponse({"Errors": []}, 503)
        await asking.admit(issuer.token(usr="bob"))
        await asking.refuse(f"Bearer {issuer.token(key='forged')}")

    async def test_keys_of_before_a_restart_stand_in_while_ordercloud_is_out(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        await asking.admit(issuer.token())
        last = asking.verifier.last_keys()
        later = Asking(asking.restarted)
        for kid, jwk in last.items():
            later.verifier.restore_key(kid, jwk)
        issuer.certs = JSONResponse({"Errors": []}, 500)
        assert (await later.admit(issuer.token())).username == "alice"
        await later.refuse(f"Bearer {issuer.token(key='forged')}")

    async def test_keys_of_before_a_restart_do_not_outlive_a_rotation(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        await asking.admit(issuer.token())
        later = Asking(asking.restarted)
        for kid, jwk in asking.verifier.last_keys().items():
            later.verifier.restore_key(kid, jwk)
        issuer.published.clear()
        await later.refuse(f"Bearer {issuer.token()}")

    @pytest.mark.parametrize("jwk", [b"", b"{", b"[]", b"{}", b'{"n": 5}'])
    async def test_what_is_no_key_is_not_restored(self, asking: Asking, jwk: bytes) -> None:
        with pytest.raises(UpstreamFailed):
            asking.verifier.restore_key("first", jwk)

    @pytest.mark.parametrize("status", [408, 429, 500, 503])
    async def test_a_key_that_cannot_be_had_now_is_no_fault_of_the_token(
        self, asking: Asking, issuer: Issuer, status: int
    ) -> None:
        issuer.certs = JSONResponse({"Errors": []}, status)
        with pytest.raises(UpstreamError):
            await asking.admit(issuer.token())
        issuer.certs = None
        await asking.admit(issuer.token())

    @pytest.mark.parametrize(
        "answer",
        [
            Response(b"<html>"),
            Response(b'{"n": "\xff\xfe"}'),
            JSONResponse([]),
            JSONResponse({}),
            JSONResponse({"n": 5, "e": "AQAB"}),
            JSONResponse({"n": "AQAB", "e": "AQAB"}),
            JSONResponse({"kty": "oct", "k": "c2VjcmV0"}),
        ],
    )
    async def test_an_unreadable_key_is_ordercloud_s_fault(
        self, asking: Asking, issuer: Issuer, answer: Response
    ) -> None:
        issuer.certs = answer
        with pytest.raises(UpstreamFailed):
            await asking.admit(issuer.token())


class TestMemo:
    async def test_a_known_token_is_good_until_it_expires_and_no_longer(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        token = issuer.token(exp=int(_NOW) + 100)
        await asking.admit(token)
        clock.now = _NOW + 99.9
        await asking.admit(token)
        clock.now = _NOW + 100
        assert "expired" in await asking.refuse(f"Bearer {token}")

    async def test_a_known_token_says_nothing_of_one_that_resembles_it(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        token = issuer.token()
        await asking.admit(token)
        await asking.refuse(f"Bearer {token}x")
        await asking.refuse(f"Bearer {token[:-1]}")


class TestWithoutKid:
    """Tokens of OrderCloud's portal name no key: OrderCloud itself is asked."""

    async def test_ordercloud_vouches_for_the_shopper(self, asking: Asking, issuer: Issuer) -> None:
        assert (await asking.admit(issuer.token(None))).username == "alice"
        assert issuer.asked == ["/v1/me"]

    async def test_it_is_asked_again_after_five_minutes(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        token = issuer.token(None)
        await asking.admit(token)
        clock.now += 299
        await asking.admit(token)
        assert issuer.asked == ["/v1/me"]
        clock.now += 2
        await asking.admit(token)
        assert issuer.asked == ["/v1/me"] * 2

    async def test_it_is_good_until_it_expires_and_no_longer(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        token = issuer.token(None, exp=int(_NOW) + 100)
        await asking.admit(token)
        clock.now += 100
        assert "expired" in await asking.refuse(f"Bearer {token}")

    @pytest.mark.parametrize(
        "answer",
        [
            JSONResponse({"Errors": []}, 401),
            JSONResponse({"Errors": []}, 403),
            JSONResponse({"ID": "alice", "Active": False}),
        ],
    )
    async def test_whom_ordercloud_does_not_accept_is_refused(
        self, asking: Asking, issuer: Issuer, answer: Response
    ) -> None:
        issuer.me = answer
        token = issuer.token(None)
        for _ in range(3):
            await asking.refuse(f"Bearer {token}")
        assert issuer.asked == ["/v1/me"]

    async def test_who_was_refused_may_come_again_in_a_moment(
        self, asking: Asking, issuer: Issuer, clock: Clock
    ) -> None:
        accepting, issuer.me = issuer.me, JSONResponse({"Errors": []}, 401)
        token = issuer.token(None)
        await asking.refuse(f"Bearer {token}")
        issuer.me = accepting
        await asking.refuse(f"Bearer {token}")
        clock.now += 11
        assert (await asking.admit(token)).username == "alice"

    async def test_the_refusal_of_one_token_says_nothing_of_another(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        accepting, issuer.me = issuer.me, JSONResponse({"Errors": []}, 401)
        await asking.refuse(f"Bearer {issuer.token(None)}")
        issuer.me = accepting
        assert (await asking.admit(issuer.token(None, usr="bob"))).username == "bob"

    async def test_however_many_come_with_one_token_ordercloud_is_asked_once(
        self, asking: Asking, issuer: Issuer
    ) -> None:
        token = issuer.token(None)
        shoppers = await asyncio.gather(*(asking.admit(token) for _ in range(20)))
        assert {shopper.username for shopper in shoppers} == {"alice"}
        assert issuer.asked == ["/v1/me"]

    @pytest.mark.parametrize(
        "answer",
        [
            JSONResponse({}, 500),
            JSONResponse({}, 429),
            JSONResponse({}, 302, {"location": "/elsewhere"}),
            JSONResponse({"ID": "alice"}),
            Response(b"<html>"),
            Response(b'{"\xff": true}'),
        ],
    )
    async def test_no_clear_answer_is_neither_yes_nor_no(
        self, asking: Asking, issuer: Issuer, answer: Response
    ) -> None:
        issuer.me = answer
        with pytest.raises(UpstreamFailed):
            await asking.admit(issuer.token(None))

    async def test_a_foreign_one_causes_no_call(self, asking: Asking, issuer: Issuer) -> None:
        await asking.refuse(f"Bearer {issuer.token(None, cid='another')}")
        assert not issuer.asked


async def test_where_every_client_is_welcome_the_token_still_names_one(
    url: str, connect: Connect, issuer: Issuer, clock: Clock
) -> None:
    config = OrderCloudConfig(url=url, audiences=(AUDIENCE,), clients=("*",))
    upstream = await connect(url)
    asking = Asking(partial(_verifier, upstream, config, tasks=Tasks(), clock=clock))
    assert (await asking.admit(issuer.token(cid="Any-Client"))).client_id == "any-client"
    await asking.refuse(f"Bearer {issuer.token(cid=None)}")


async def test_a_refused_token_sees_nothing_of_what_is_cached(
    gateway: StartGateway, servers: Servers
) -> None:
    issuer = Issuer(now=time.time())
    issuer.audience = await servers.serve(issuer.app())
    shop = await gateway(_LIST, ordercloud={"url": issuer.audience})
    await shop.get("/placements/list", issuer.token())
    cached = await shop.get("/placements/list", issuer.token())
    assert "secret-product" in cached.text
    assert caches(cached)["page"] == "hit"
    issuer.asked.clear()
    for name, make in _REFUSED.items():
        refused = await shop.get("/placements/list", headers={"authorization": make(issuer)})
        assert refused.status_code == 401, name
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:decision-proxy:invalid-token"
        assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
        assert refused.headers["cache-control"] == "private, no-store"
        assert "secret-product" not in refused.text
        assert not {"etag", "age", "cache-status", "personalization"} & refused.headers.keys()
    assert not issuer.asked


async def test_without_a_token_the_challenge_blames_nobody(gateway: StartGateway) -> None:
    shop = await gateway(_LIST)
    refused = await shop.get("/placements/list")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("kid", ["first", None])
async def test_a_token_that_cannot_be_checked_now_is_neither_refused_nor_believed(
    gateway: StartGateway, servers: Servers, kid: str | None
) -> None:
    issuer = Issuer(now=time.time())
    issuer.audience = await servers.serve(issuer.app())
    shop = await gateway(_LIST, ordercloud={"url": issuer.audience})
    issuer.certs = issuer.me = JSONResponse({"Errors": []}, 500)
    answer = await shop.get("/placements/list", issuer.token(kid))
    assert answer.status_code == 502
    assert answer.json()["type"] == "urn:decision-proxy:upstream-failed"
    assert "/v1/me/products" not in issuer.asked
