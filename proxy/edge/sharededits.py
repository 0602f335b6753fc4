"""Edits of rules files that replicas share: kept in Redis, laid over what is deployed.

An edit counts while the file that it was made of is the one deployed; once that is deployed anew,
the deployment counts. Each replica looks for edits twice a second, and goes on with those it knows
where Redis is away.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from proxy.edge.redis import Client, Redis
from proxy.errors import UNREADABLE, EditConflict, Problem, RedisAway, UnknownRevision
from proxy.folder import Files, Folder
from proxy.revisions import KEPT_MAX, Revision, etag_of, read_id, write_id

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_TRIES = 3

_LOOK = "return {redis.call('GET', KEYS[1]) or '', redis.call('HGETALL', KEYS[2])}"
_PUT = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return '' end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[2])
else
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
end
for i = 5, #ARGV do redis.call('LPUSH', KEYS[3], ARGV[i]) end
redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[4]) - 1)
return tostring(redis.call('INCR', KEYS[1]))
"""


class _Edit(msgspec.Struct, array_like=True, frozen=True):
    """What a file says instead of the text with the entity tag *base*; None: there is no file."""

    base: str | None
    text: str | None


class _Past(msgspec.Struct, array_like=True):
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class _Known:
    """All edits by file name, as they were at a version."""

    version: bytes = b""
    edits: Mapping[str, _Edit] = field(default_factory=dict)


_encode = msgspec.msgpack.Encoder().encode
_read_edit = msgspec.msgpack.Decoder(_Edit).decode
_read_past = msgspec.msgpack.Decoder(_Past).decode


class SharedEdits:
    """The rules of *folder* with all edits; both where rules come from and where edits go."""

    def __init__(self, redis: Redis, folder: Folder, *, prefix: str) -> None:
        self._redis = redis
        self._folder = folder
        self._prefix = f"{{{prefix}:rules}}"
        self._keys = [f"{self._prefix}:version", f"{self._prefix}:files"]
        self._known = _Known()

    @property
    def path(self) -> Path:
        """Return the folder that the edits are laid over."""
        return self._folder.path

    def read(self) -> Files | None:
        """Return all files with what they say by now; None: the folder is gone."""
        texts = self._folder.read()
        if texts is None:
            return None
        for name, edit in self._known.edits.items():
            file = str(self.path / name)
            if edit.base == _etag(texts.get(file)):
                texts.pop(file, None)
                texts |= {} if edit.text is None else {file: edit.text}
        return dict(sorted(texts.items()))

    def look(self) -> object | None:
        """Return what differs once a file or an edit does; None where that cannot be told yet."""
        looked = self._folder.look()
        return None if looked is None else (self._known.version, looked)

    async def run(self) -> None:
        """Follow what other replicas edit, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            with contextlib.suppress(RedisAway):
                await self.catch_up()

    async def catch_up(self) -> None:
        """Take over what was edited before now.

        Raises:
            RedisAway: it cannot be reached.
        """
        version, flat = await self._redis.call(self._all)
        if version != self._known.version:
            self._known = _Known(version, dict(_readable(flat[::2], flat[1::2])))

    async def put(self, path: Path, before: str | None, after: str | None) -> None:
        """Let the file say *after* at all replicas; None: let it go. *before* is what it has said.

        Raises:
            EditConflict: it was edited at another replica meanwhile.
            RedisAway: the edit cannot be kept.
        """
        deployed = await asyncio.to_thread(self._deployed, path)
        edit = _Edit(_etag(deployed), after)
        past = await self._past(path, before, after)
        for _ in range(_TRIES):
            known = self._known
            written = b"" if after == deployed else _encode(edit)
            put = partial(self._put, known.version, path.name, written, past)
            if version := await self._redis.call(put):
                edits = {name: one for name, one in known.edits.items() if name != path.name}
                self._known = _Known(version, edits | ({path.name: edit} if written else {}))
                return
            await self.catch_up()
            if self._known.edits.get(path.name) != known.edits.get(path.name):
                break
        raise EditConflict(f"{path.name} was edited at another replica meanwhile; read it")

    async def revisions(self, path: Path) -> list[Revision]:
        """Return what the file has said, the newest first.

        Raises:
            RedisAway: it cannot be reached.
        """
        return [read_id(one.id) for one in await self._texts(path)]

    async def revision(self, path: Path, revision_id: str) -> str:
        """Return one of those texts.

        Raises:
            UnknownRevision: it is not kept.
            RedisAway: it cannot be reached.
        """
        for one in await self._texts(path):
            if one.id == revision_id:
                return one.text
        raise UnknownRevision(f"no revision is called {revision_id!r}")

    async def _past(self, path: Path, before: str | None, after: str | None) -> list[bytes]:
        """Return what is to be kept of this edit: each text that is not the last one kept."""
        last = next((one.etag for one in await self.revisions(path)), None)
        now, past = datetime.now(UTC), []
        for text in (before, after):
            if text is not None and etag_of(text) != last:
                last = etag_of(text)
                past.append(_encode(_Past(write_id(text, now), text)))
        return past

    def _deployed(self, path: Path) -> str | Problem | None:
        return (self._folder.read() or {}).get(str(path))

    def _key_of_past(self, path: Path) -> str:
        return f"{self._prefix}:past:{path.name}"

    async def _texts(self, path: Path) -> list[_Past]:
        async def read(client: Client) -> Any:
            return await client.lrange(self._key_of_past(path), 0, KEPT_MAX - 1)

        return [_read_past(text) for text in await self._redis.call(read)]

    async def _all(self, client: Client) -> Any:
        return await client.eval(_LOOK, len(self._keys), *self._keys)

    async def _put(
        self, version: bytes, name: str, written: bytes, past: list[bytes], client: Client
    ) -> Any:
        keys = [*self._keys, self._key_of_past(self.path / name)]
        told: list[bytes | str | int] = [version, name, written, KEPT_MAX, *past]
        return await client.eval(_PUT, len(keys), *keys, *told)


def _readable(names: Sequence[bytes], written: Sequence[bytes]) -> Iterator[tuple[str, _Edit]]:
    """Give the edits; what cannot be read, of another release say, is left out."""
    for name, text in zip(names, written, strict=True):
        try:
            yield name.decode(), _read_edit(text)
        except UNREADABLE as exc:
            _log.error("an edit cannot be read", extra={"file": repr(name), "error": str(exc)})


def _etag(deployed: str | Problem | None) -> str | None:
    """Return what tells a deployed file from another; of one that cannot be read, why."""
    return None if deployed is None else etag_of(str(deployed))
