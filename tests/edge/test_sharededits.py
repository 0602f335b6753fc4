"""Edits that replicas share through a real Redis, alone and as a cluster."""

from pathlib import Path

import pytest

from proxy.edge.redis import Client, Redis, connected
from proxy.edge.sharededits import SharedEdits
from proxy.errors import EditConflict, RedisAway, UnknownRevision
from proxy.folder import Folder
from proxy.tasks import Tasks
from tests.answers import until
from tests.redis import RedisServer, running_cluster
from tests.servers import Servers


class Replica:
    """A replica with a deployed file of its own."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        folder.mkdir()
        self.file = folder / "hero.yaml"
        self.edits = SharedEdits(redis, Folder(folder), prefix="test")

    def deploy(self, text: str) -> None:
        self.file.write_text(text)

    def says(self, name: str = "hero.yaml") -> str | None:
        text = (self.edits.read() or {}).get(str(self.file.with_name(name)))
        assert text is None or isinstance(text, str)
        return text

    async def put(self, text: str | None, name: str = "hero.yaml") -> None:
        await self.edits.put(self.file.with_name(name), self.says(name), text)

    async def heard(self, name: str = "hero.yaml") -> str | None:
        await self.edits.catch_up()
        return self.says(name)

    async def past(self) -> list[str]:
        listed = await self.edits.revisions(self.file)
        return [await self.edits.revision(self.file, one.id) for one in listed]


@pytest.fixture
def pair(redis: Redis, tmp_path: Path) -> tuple[Replica, Replica]:
    """Give two replicas of one deployment."""
    pair = Replica(redis, tmp_path / "one"), Replica(redis, tmp_path / "other")
    for replica in pair:
        replica.deploy("deployed")
    return pair


async def test_an_edit_is_heard_by_the_others_and_no_folder_changes(
    pair: tuple[Replica, Replica],
) -> None:
    one, other = pair
    await one.put("edited")
    assert (one.says(), await other.heard()) == ("edited", "edited")
    await other.put("new", "offers.yaml")
    assert (await one.heard("offers.yaml"), await one.heard()) == ("new", "edited")
    await one.put(None)
    assert (one.says(), await other.heard()) == (None, None)
    assert [path.name for path in one.file.parent.iterdir()] == ["hero.yaml"]


async def test_who_starts_later_knows_all_edits(
    pair: tuple[Replica, Replica], redis: Redis, tmp_path: Path
) -> None:
    await pair[0].put("edited")
    late = Replica(redis, tmp_path / "late")
    late.deploy("deployed")
    assert await late.heard() == "edited"


async def test_a_file_that_is_deployed_anew_counts(pair: tuple[Replica, Replica]) -> None:
    one, other = pair
    await one.put("edited")
    one.deploy("deployed anew")
    assert (one.says(), await other.heard()) == ("deployed anew", "edited")
    await one.put("edited anew")
    other.deploy("deployed anew")
    assert await other.heard() == "edited anew"


async def test_what_is_put_back_is_as_deployed_again(
    pair: tuple[Replica, Replica], redis: Redis
) -> None:
    one, other = pair
    await one.put("edited")
    await one.put("deployed")
    assert await other.heard() == "deployed"
    assert await redis.call(lambda client: client.exists("{test:rules}:files")) == 0


async def test_a_look_tells_of_edits_as_of_files(pair: tuple[Replica, Replica]) -> None:
    one, other = pair

    async def looked() -> object | None:
        await other.edits.catch_up()
        return other.edits.look()

    before = await until(looked, lambda seen: seen is not None)
    await one.put("edited")
    assert await looked() not in {None, before}


class TestConflicts:
    async def test_of_two_edits_at_two_replicas_one_is_refused(
        self, pair: tuple[Replica, Replica]
    ) -> None:
        one, other = pair
        await one.put("one's")
        with pytest.raises(EditConflict, match="another replica"):
            await other.put("other's")
        assert (one.says(), other.says()) == ("one's", "one's")
        await other.put("other's")
        assert await one.heard() == "other's"

    async def test_edits_of_two_files_are_none(self, pair: tuple[Replica, Replica]) -> None:
        one, other = pair
        await one.put("one's")
        await other.put("other's", "offers.yaml")
        assert other.says() == "one's"
        assert await one.heard("offers.yaml") == "other's"


class TestHistory:
    async def test_every_text_is_kept_with_the_deployed_one_first(
        self, pair: tuple[Replica, Replica]
    ) -> None:
        one, other = pair
        await one.put("first")
        assert await other.heard() == "first"
        await other.put("second")
        assert await one.past() == await other.past() == ["second", "first", "deployed"]

    async def test_what_a_file_says_already_is_kept_once(
        self, pair: tuple[Replica, Replica]
    ) -> None:
        for text in ("first", "first", "deployed", "deployed"):
            await pair[0].put(text)
        assert await pair[0].past() == ["deployed", "first", "deployed"]

    async def test_the_oldest_go(self, pair: tuple[Replica, Replica]) -> None:
        for number in range(102):
            await pair[0].put(str(number))
        assert await pair[0].past() == [str(number) for number in range(101, 1, -1)]

    async def test_what_was_not_kept_is_unknown(self, pair: tuple[Replica, Replica]) -> None:
        with pytest.raises(UnknownRevision):
            await pair[0].edits.revision(pair[0].file, "1")


async def test_without_redis_the_edits_known_go_on_and_none_can_be_made(
    pair: tuple[Replica, Replica], server: RedisServer, tasks: Tasks
) -> None:
    one, other = pair
    await one.put("edited")
    tasks.spawn(other.edits.run(), name="edits")

    async def said() -> str | None:
        return other.says()

    await until(said, lambda text: text == "edited")
    await server.kill()
    with pytest.raises(RedisAway):
        await one.put("more")
    assert (one.says(), other.says()) == ("edited", "edited")
    await server.start()  # it has forgotten everything
    await until(said, lambda text: text == "deployed")


async def test_an_edit_that_cannot_be_read_is_left_out(
    pair: tuple[Replica, Replica], redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = pair
    await one.put("edited", "offers.yaml")

    async def spoil(client: Client) -> None:
        await client.hset("{test:rules}:files", "hero.yaml", b"\xff")

    await redis.call(spoil)
    assert (await other.heard(), other.says("offers.yaml")) == ("deployed", "edited")
    assert "an edit cannot be read" in caplog.messages


async def test_in_a_cluster_too(servers: Servers, tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as config:
        redis = await servers.start(connected(config))
        one, other = Replica(redis, tmp_path / "one"), Replica(redis, tmp_path / "other")
        await one.put("new")
        assert (await other.heard(), await other.past()) == ("new", ["new"])
        await servers.stop()
