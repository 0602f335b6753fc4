"""The connection to Redis, with real servers that hang, die and come back."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from proxy.edge.redis import Client, Redis, connected
from proxy.errors import RedisAway
from proxy.sections import Redis as RedisConfig
from proxy.tasks import Tasks
from tests.redis import RedisServer, running_redis
from tests.servers import Servers, free_socket


def config(server: RedisServer, *, limit_s: float = 1.0) -> RedisConfig:
    return RedisConfig.model_validate({"nodes": [server.node], "limit": f"{limit_s}s"})


def patient(server: RedisServer) -> RedisConfig:
    return RedisConfig.model_validate(server.section)


async def ping(client: Client) -> object:
    return await client.execute_command("PING")


async def until_called(redis: Redis) -> None:
    """Call until a call succeeds."""
    async with asyncio.timeout(20):
        while True:
            try:
                await redis.call(ping)
            except RedisAway:
                await asyncio.sleep(0.01)
            else:
                return


async def until_left_alone(redis: Redis) -> None:
    for _ in range(100):
        if redis.is_away:
            return
        with pytest.raises(RedisAway):
            await redis.call(ping)
    raise AssertionError("never left alone")


async def test_a_call_returns_what_redis_answers(servers: Servers, server: RedisServer) -> None:
    redis = await servers.start(connected(config(server)))
    await redis.call(lambda client: client.set("name", "value"))
    assert await redis.call(lambda client: client.get("name")) == b"value"


async def test_a_call_that_is_refused_says_so(servers: Servers, server: RedisServer) -> None:
    redis = await servers.start(connected(config(server)))
    with pytest.raises(RedisAway, match="unknown command"):
        await redis.call(lambda client: client.execute_command("NONSENSE"))


async def test_look_ups_and_commands_at_one_time_get_each_its_own_answer(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(patient(server)))
    await asyncio.gather(*(redis.send("SET", f"key-{n}", f"value-{n}") for n in range(20)))
    found = await asyncio.gather(*(redis.get(f"key-{n}".encode()) for n in range(21)))
    assert found == [f"value-{n}".encode() for n in range(20)] + [None]


async def test_a_command_that_is_refused_fails_no_other(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(patient(server)))
    answers = await asyncio.gather(
        redis.send("NONSENSE"), redis.send("PING"), return_exceptions=True
    )
    assert isinstance(answers[0], RedisAway)
    assert answers[1] is True


async def test_a_look_up_waits_no_longer_than_the_timeout(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(config(server)))
    server.hang()
    with pytest.raises(RedisAway, match=r"within 0\.005 s"):
        await redis.get(b"key")
    server.go_on()


async def test_calls_are_told_of(servers: Servers, server: RedisServer) -> None:
    told: list[tuple[str, str]] = []
    redis = await servers.start(
        connected(config(server), on_call=lambda name, outcome, _: told.append((name, outcome)))
    )
    await server.kill()
    with pytest.raises(RedisAway):
        await redis.call(ping)
    assert told == [("redis", "ok"), ("redis", "redis-away")]


async def test_a_gateway_starts_without_redis_and_finds_it_later(
    servers: Servers, tmp_path: Path
) -> None:
    server = RedisServer(tmp_path)
    redis = await servers.start(connected(config(server)))
    with pytest.raises(RedisAway, match="redis: "):
        await redis.call(ping)
    await server.start()
    try:
        await until_called(redis)
    finally:
        await server.kill()


async def test_redis_that_hangs_is_waited_for_no_longer_than_its_limit(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(config(server, limit_s=0.05)))
    server.hang()
    with pytest.raises(RedisAway, match=r"within 0\.05 s"):
        await redis.call(ping)
    server.go_on()
    await until_called(redis)


async def test_redis_that_keeps_failing_is_left_alone_and_comes_back_by_itself(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(config(server)))
    await server.kill()
    await until_left_alone(redis)
    started = time.perf_counter()
    with pytest.raises(RedisAway, match="left alone"):
        await redis.call(ping)
    assert time.perf_counter() - started < 0.5
    await server.start()
    await until_called(redis)
    assert not redis.is_away


async def test_a_call_that_blocks_may_take_longer_than_the_limit(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(config(server, limit_s=0.2)))
    nothing = await redis.wait(
        lambda client: client.xread({"stream": "$"}, block=300), blocks_s=0.3
    )
    assert not nothing


async def test_a_call_that_is_cancelled_spoils_no_other(
    servers: Servers, server: RedisServer
) -> None:
    redis = await servers.start(connected(config(server)))
    keys = [f"key-{number}" for number in range(50)]

    async def get(key: str) -> object:
        return await redis.call(lambda client: client.get(key))

    await redis.call(lambda client: client.mset({key: key for key in keys}))
    tasks = Tasks()
    calls = [tasks.spawn(get(key), name="a call") for key in keys]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[1::2] == [key.encode() for key in keys[1::2]]
    assert not redis.is_away


async def test_users_of_redis_have_passwords(servers: Servers, tmp_path: Path) -> None:
    user = ("--user", "shop", "on", ">secret", "~*", "+@all")
    async with running_redis(tmp_path, *user) as server:
        shop = {**server.section, "username": "shop", "password": "secret"}
        redis = await servers.start(connected(RedisConfig.model_validate(shop)))
        assert await redis.send("SET", "key", "value")
        wrong = RedisConfig.model_validate({**shop, "password": "guessed"})
        stranger = await servers.start(connected(wrong))
        with pytest.raises(RedisAway) as refused:
            await stranger.send("SET", "key", "value")
        assert "guessed" not in str(refused.value)


async def test_connections_may_be_encrypted(servers: Servers, tmp_path: Path) -> None:
    with free_socket() as listener:
        port = listener.getsockname()[1]
    certificate, key = make_certificate(tmp_path)
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    options = ("--tls-port", str(port), *files, "--tls-auth-clients", "no")
    async with running_redis(tmp_path, *options):
        settings = {"nodes": f"127.0.0.1:{port}", "tls": True, "timeout": "5s"}
        trusting = RedisConfig.model_validate({**settings, "ca_file": certificate})
        assert await (await servers.start(connected(trusting))).send("PING")
        strict = await servers.start(connected(RedisConfig.model_validate(settings)))
        with pytest.raises(RedisAway):
            await strict.send("PING")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback, signed by itself, and its key; return where."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
