"""The outbox that replicas share: events in Redis until CDP has taken them.

Every step is one Lua script (sharedoutbox.lua), so that nothing is ever half done. A guest who has
something to send is an entry, a turn, of a Redis Stream; its consumer group hands each turn to one
replica, which sends the guest's first event, writes down what became of it and ends the turn. The
turns of a replica that fell silent are claimed by the others. All keys are in one slot of a
cluster, since an event and the marks by which it is known again are kept together or not at all.
"""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError

from proxy.core.events import RETRY_MAX_S, Depth, Event, Listed, Pending
from proxy.edge.redis import Client, Redis
from proxy.errors import OutboxFull, RedisAway
from proxy.sections import Events as EventsConfig

T = TypeVar("T")

_SCRIPT = Path(__file__).with_suffix(".lua").read_text("utf-8")
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_SHARED = (
    *("counter", "bytes", "records", "waiting", "queues", "turns"),
    *("turn-of", "later", "attempts", "reasons", "dead", "graves"),
)
_NO_ROOM = -1
_AT_ONCE = 32
_WAITING_MAX = 1000
_GONE_MS = 24 * 3600 * 1000
_BATCH = 500
_MARK_BYTES = 16
_WAIT_MS = 250


class SharedOutbox:
    """Events by guest, in the order in which they were accepted. *clock* gives epoch seconds.

    Turns of a replica that is silent for *lease_s* go to another: longer than one call of CDP may
    take, so that an event is never on its way twice at once.
    """

    is_shared = True

    def __init__(
        self,
        redis: Redis,
        config: EventsConfig,
        *,
        prefix: str,
        lease_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._config = config
        self._prefix = f"{{{prefix}:outbox}}"
        self._shared = [self._key(name) for name in _SHARED]
        self._lease_ms = int(lease_s * 1000)
        self._clock = clock
        self._consumer = uuid.uuid4().hex
        self._has_joined = False
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way = 0

    async def append(self, events: Sequence[Event]) -> int:
        """Keep what is new of *events*, all or nothing; return how many were.

        They are in Redis when it returns, and in as many of its replicas as `events.replicas`
        says, and so are the marks by which they are known again.

        Raises:
            OutboxFull: nothing was kept, or that is not certain.
        """
        now = self._clock()
        remember_ms = int(self._config.remember * 1000)
        told: list[str | bytes] = []
        keys: list[str] = []
        for event in events:
            told += (event.browser_id, event.identifier or "", _record(event, now))
            keys += self._keys_of(event)
        limits = (self._config.size, now, remember_ms, now - self._config.keep_dead)
        replicas = self._config.replicas
        kept: int = await self._do("accept", *limits, *told, keys=keys, replicas=replicas)
        if kept == _NO_ROOM:
            raise OutboxFull("the outbox has reached events.size")
        return kept

    async def due(self, *, limit: int, busy: Collection[str]) -> list[Pending]:
        """Take the turns of up to *limit* guests, but of none *busy*; return their first events.

        A turn further away than any retry is long was written by a clock that went wrong.
        """
        now = self._clock()
        asked = (self._consumer, limit, self._lease_ms, now, now + RETRY_MAX_S, *busy)
        return [_pending(*row) for row in await self._take(asked)]

    async def _take(self, asked: Sequence[Any]) -> list[list[Any]]:
        if not self._has_joined:
            await self._do("join", _GONE_MS)
            self._has_joined = True
        try:
            rows: list[list[Any]] = await self._do("take", *asked)
        except OutboxFull:
            self._has_joined = False  # perhaps it is back, and empty
            raise
        return rows

    async def done(self, event: Pending) -> None:
        """Forget *event*: CDP has it."""
        await self._settle(event, "done", at=0.0)

    async def dead(self, event: Pending, reason: str) -> None:
        """Put *event* aside: CDP will never take it. The guest's next one has its turn."""
        await self._settle(event, "dead", at=self._clock(), reason=reason)

    async def retry(self, event: Pending, *, after_s: float, reason: str) -> None:
        """Let the guest wait; what comes after *event* waits as well."""
        await self._settle(event, "retry", at=self._clock() + after_s, reason=reason)

    async def _settle(self, event: Pending, outcome: str, *, at: float, reason: str = "") -> None:
        """Write down what became of *event*, unless another replica has its guest by now."""
        await self._do("settle", self._consumer, event.guest, event.number, outcome, at, reason)

    async def guest_of(self, identifier: str) -> str | None:
        """Return the browser at which *identifier* was seen last."""
        found = await self._ask("ZREVRANGE", self._browsers(identifier), 0, 0)
        return found[0].decode() if found else None

    async def forget(self, guest: str) -> None:
        """Delete all that is known of a guest, waiting and dead events included.

        The marks of its events are digests, which say nothing; they go when their time is over.
        """
        identity = self._key(f"identity:{guest}")
        identifier: bytes = await self._ask("GET", identity) or b""
        browsers = self._browsers(identifier.decode())
        await self._do("forget", guest, keys=(identity, browsers))

    async def depth(self) -> Depth:
        """Return how much waits and how much is dead, of all replicas together."""
        waiting, dead, oldest = await self._do("depth")
        return Depth(waiting, dead, _listed(0, oldest).accepted_at if oldest else None)

    async def waiting(self, limit: int) -> list[Listed]:
        """Return the first *limit* waiting events; `reason` is why one waits longer."""
        return [_listed(*row) for row in await self._do("list", "waiting", limit)]

    async def dead_letters(self, limit: int) -> list[Listed]:
        """Return the first *limit* dead events, each with the reason."""
        return [_listed(*row) for row in await self._do("list", "dead", limit)]

    async def replay(self, numbers: Sequence[int] | None = None) -> int:
        """Let dead events, all or those *numbers*, wait again in their old order; count them."""
        if numbers is None:
            numbers = [
                int(number) for number in await self._ask("ZRANGE", self._key("dead"), 0, -1)
            ]
        batches = (numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH))
        return sum([await self._do("revive", *batch) for batch in batches])

    async def leave(self) -> None:
        """Give the turns that are held to the other replicas."""
        if self._has_joined:
            await self._do("leave", self._consumer)

    async def _ask(self, *command: str | int) -> Any:
        return await self._call(lambda client: _send(client, *command))

    async def _do(
        self, step: str, *arguments: Any, keys: Sequence[str] = (), replicas: int = 0
    ) -> Any:
        """Take a step of the script, and see it copied to so many *replicas* of Redis."""
        told = (len(self._shared) + len(keys), *self._shared, *keys, step, *arguments)
        send = partial(_send_and_wait, replicas=replicas) if replicas else _send

        async def evaluate(client: Client) -> Any:
            try:
                return await send(client, "EVALSHA", _SHA, *told)
            except NoScriptError:
                return await send(client, "EVAL", _SCRIPT, *told)

        return await self._call(evaluate)

    async def _call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        if self._under_way >= _WAITING_MAX:
            raise OutboxFull(f"{_WAITING_MAX} writers wait for Redis")
        self._under_way += 1
        try:
            async with self._places:
                return await self._redis.call(work)
        except RedisAway as exc:
            raise OutboxFull(f"the outbox cannot be used: {exc}") from exc
        finally:
            self._under_way -= 1

    def _keys_of(self, event: Event) -> tuple[str, str]:
        """Return the keys of an event's mark, and of the browsers of its identifier."""
        if event.identifier:
            return self._key(f"identity:{event.browser_id}"), self._browsers(event.identifier)
        digest = hashlib.blake2b(event.key.encode(), digest_size=_MARK_BYTES).hexdigest()
        mark = self._key(f"mark:{digest}")
        return mark, mark

    def _browsers(self, identifier: str) -> str:
        return self._key(f"browsers:{identifier}")

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"


@contextlib.asynccontextmanager
async def opened(
    redis: Redis,
    config: EventsConfig,
    *,
    prefix: str,
    lease_s: float,
    clock: Callable[[], float],
) -> AsyncIterator[SharedOutbox]:
    """Open the outbox for the block; then other replicas go on with what this one held."""
    box = SharedOutbox(redis, config, prefix=prefix, lease_s=lease_s, clock=clock)
    try:
        yield box
    finally:
        with contextlib.suppress(OutboxFull):
            await box.leave()


async def _send(client: Client, *command: Any) -> Any:
    return await client.execute_command(*command)


async def _send_and_wait(client: Client, *command: Any, replicas: int) -> Any:
    """Send *command*, then wait on the same connection: WAIT is about what that one has written."""
    node = {}
    if isinstance(client, RedisCluster):
        node["target_nodes"] = [client.get_node_from_key(command[3])]
    async with client.pipeline(transaction=False) as pipe:
        pipe.execute_command(*command)
        pipe.execute_command("WAIT", replicas, _WAIT_MS, **node)
        answer, copied = await pipe.execute()
    if copied < replicas:
        raise OutboxFull(f"{copied} of {replicas} replicas of Redis have the event")
    return answer


def _record(event: Event, now: float) -> bytes:
    about = f"{event.browser_id}\0{event.type}\0{now!r}\0".encode()
    return about + msgspec.json.encode(event.content)


def _pending(number: int, record: bytes, attempts: bytes | int) -> Pending:
    guest, kind, _, content = record.split(b"\0", 3)
    return Pending(number, guest.decode(), kind.decode(), content, int(attempts))


def _listed(
    number: int, record: bytes, attempts: bytes | int = 0, reason: bytes | None = None
) -> Listed:
    guest, kind, at, _ = record.split(b"\0", 3)
    told = reason.decode() if reason else None
    return Listed(number, guest.decode(), kind.decode(), float(at), int(attempts), told)
