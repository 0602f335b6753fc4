"""Entries in a real Redis: checked, compressed, as old as they are, and of one release."""

import hashlib

import pytest

from proxy.core.entry import Entry
from proxy.core.freshness import Lifetime
from proxy.core.keys import Key, key_of
from proxy.edge import shared
from proxy.edge.codec import Codec
from proxy.edge.redis import Redis
from proxy.edge.shared import Shared
from tests.clock import Clock
from tests.redis import RedisServer

KEY, OTHER = key_of("text", "one"), key_of("text", "other")
TEXTS = Codec(str, pack=str, unpack=str)
_DIFFERENCE_S = 1_000_000.0
"""What the wall clock shows more than the cache's own."""


class Replica:
    """One replica's view: its own clock, and how its look-ups ended."""

    def __init__(self, redis: Redis, codec: Codec[str] = TEXTS, *, skew_s: float = 0.0) -> None:
        self.clock = Clock(100.0 + 7 * skew_s)
        self.looks: list[str] = []
        self._past_s = _DIFFERENCE_S + skew_s - self.clock.now + 100.0
        self.shared = Shared(
            redis,
            name="texts",
            codec=codec,
            prefix="test",
            clock=self.clock,
            wall_clock=lambda: self.clock.now + self._past_s,
            on_look=self.looks.append,
        )

    async def keep(self, value: str, *, age_s: float = 0.0, keep_s: float = 100.0) -> None:
        at = self.clock.now - age_s
        entry = Entry(value, at, Lifetime(60.0), useful_s=age_s + keep_s)
        await self.shared.settle(KEY, b"", entry)

    async def found(self, key: Key = KEY) -> Entry[str] | None:
        return (await self.shared.get(key)).entry


async def names(redis: Redis) -> list[bytes]:
    keys = await redis.call(lambda client: client.keys("*"))
    return [key for key in keys if isinstance(key, bytes)]


async def value_at(redis: Redis, name: bytes) -> bytes:
    value = await redis.get(name)
    assert value is not None
    return value


async def test_an_answer_is_as_old_in_every_replica(redis: Redis) -> None:
    one, other = Replica(redis), Replica(redis, skew_s=3.0)
    await one.keep("text", age_s=20.0)
    found = await other.found()
    assert found is not None
    assert found.age_s(other.clock.now) == pytest.approx(23.0)


async def test_no_answer_is_younger_than_now_however_clocks_differ(redis: Redis) -> None:
    one, other = Replica(redis), Replica(redis, skew_s=-3.0)
    await one.keep("text")
    found = await other.found()
    assert found is not None
    assert found.at == other.clock.now


async def test_a_damaged_value_is_none(redis: Redis) -> None:
    replica = Replica(redis)
    await replica.keep("text")
    (name,) = await names(redis)
    value = await value_at(redis, name)
    for place in (0, 8, len(value) - 1):
        damaged = bytearray(value)
        damaged[place] ^= 1
        await redis.send("SET", name, bytes(damaged))
        assert await replica.found() is None
    await redis.send("SET", name, b"")
    assert await replica.found() is None
    assert replica.looks[:-1] == ["broken"] * 3


async def test_a_value_under_the_key_of_another_is_none(redis: Redis) -> None:
    replica = Replica(redis)
    await replica.keep("text")
    (name,) = await names(redis)
    other = name.replace(KEY.hex().encode(), OTHER.hex().encode())
    await redis.send("SET", other, await value_at(redis, name))
    assert await replica.found(OTHER) is None
    assert replica.looks == ["broken"]


async def test_a_value_that_is_whole_but_says_nothing_is_none(redis: Redis) -> None:
    replica = Replica(redis)
    await replica.keep("text")
    (name,) = await names(redis)
    for body in (b"p\xc1", b"znot compressed", b"p"):
        await redis.send("SET", name, shared._checksum(KEY, body) + body)
        assert await replica.found() is None
    assert replica.looks == ["broken"] * 3


async def test_a_damaged_value_is_fetched_anew(redis: Redis) -> None:
    replica = Replica(redis)
    await replica.keep("text")
    (name,) = await names(redis)
    await redis.send("SET", name, b"damaged!")
    found = await replica.shared.lead(KEY, await replica.shared.get(KEY))
    assert found.lease


async def test_releases_that_differ_in_what_they_keep_do_not_meet(redis: Redis) -> None:
    await Replica(redis).keep("text")
    theirs: Codec[str] = Codec(tuple[str, int], pack=lambda t: (t, 1), unpack=lambda w: str(w[0]))
    assert await Replica(redis, theirs).found() is None
    assert await Replica(redis).found() is not None


async def test_what_is_compressed_takes_less_and_reads_the_same(redis: Redis) -> None:
    replica, text = Replica(redis), "the same again and " * 1000
    await replica.keep(text)
    (name,) = await names(redis)
    assert len(await value_at(redis, name)) < len(text) / 20
    found = await replica.found()
    assert found is not None
    assert found.value == text


async def test_what_does_not_get_smaller_is_kept_as_it_is(redis: Redis) -> None:
    octets = Codec(
        bytes, pack=lambda text: text.encode("latin-1"), unpack=lambda o: o.decode("latin-1")
    )
    replica, noise = (
        Replica(redis, octets),
        hashlib.shake_256(b"noise").digest(2000).decode("latin-1"),
    )
    await replica.keep(noise)
    found = await replica.found()
    assert found is not None
    assert found.value == noise


async def test_what_is_too_large_is_not_kept(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_VALUE_MAX_BYTES", 10)
    await Replica(redis).keep("longer than that")
    assert await names(redis) == []


async def test_redis_forgets_an_answer_that_is_of_no_more_use(redis: Redis) -> None:
    await Replica(redis).keep("text", keep_s=50.0)
    (name,) = await names(redis)
    left_ms = await redis.call(lambda client: client.pttl(name))
    assert 0 < left_ms <= 50_000


async def test_a_lease_runs_out_by_itself(redis: Redis) -> None:
    one = Replica(redis).shared
    assert (await one.lead(KEY, await one.get(KEY))).lease
    (name,) = await names(redis)
    left_ms = await redis.call(lambda client: client.pttl(name))
    assert 0 < left_ms <= shared.LEASE_S * 1000


async def test_where_redis_is_away_everybody_fetches_for_themselves(
    redis: Redis, server: RedisServer
) -> None:
    replica = Replica(redis)
    nothing = await replica.shared.get(KEY)
    await server.kill()
    assert (await replica.shared.lead(KEY, nothing)).lease == b""
    assert (await replica.shared.get(KEY)).lease == b""
    await replica.keep("text")
    await replica.shared.release(KEY, b"lease")
    assert replica.looks == ["miss", "away"]
