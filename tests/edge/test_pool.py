"""Connections kept for the next call: which are given again, and which are not."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from proxy.edge import pool
from proxy.edge.connection import Connection, request_head
from proxy.edge.pool import Pool, Unconnected
from proxy.tasks import Tasks
from tests.answers import until
from tests.clock import Clock
from tests.issuer import private_key
from tests.servers import Servers, free_socket, url_of
from tests.wire import Upstream

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def _ask(connection: Connection) -> bytes:
    connection.begin("GET")
    await connection.write(request_head("GET", b"/", []))
    return await connection.read()


async def _upstream(servers: Servers) -> Upstream:
    return await servers.start(Upstream(_OK).listening())


async def test_the_connection_used_last_is_used_next(servers: Servers) -> None:
    kept = Pool((await _upstream(servers)).url)
    first, second = await kept.take(), await kept.take()
    assert first is not second
    kept.give_back(first)
    kept.give_back(second)
    assert [await kept.take(), await kept.take()] == [second, first]


async def test_one_that_the_other_side_closed_is_not_given(servers: Servers) -> None:
    upstream = await _upstream(servers)
    kept = Pool(upstream.url)
    connection = await kept.take()
    assert await _ask(connection) == b"ok"
    kept.give_back(connection)
    upstream.hang_up()

    async def is_usable() -> bool:
        return connection.is_usable()

    await until(is_usable, lambda usable: not usable)
    assert await kept.take() is not connection


async def test_one_that_lay_idle_for_long_is_not_given(servers: Servers) -> None:
    clock = Clock()
    kept = Pool((await _upstream(servers)).url, clock=clock)
    connection = await kept.take()
    kept.give_back(connection)
    clock.now += 31
    assert await kept.take() is not connection
    assert not connection.is_usable()


async def test_one_within_an_exchange_is_ended(servers: Servers) -> None:
    kept = Pool((await _upstream(servers)).url)
    connection = await kept.take()
    connection.begin("GET")
    kept.give_back(connection)
    assert not connection.is_usable()
    assert await kept.take() is not connection


async def test_closing_ends_what_is_kept(servers: Servers) -> None:
    kept = Pool((await _upstream(servers)).url)
    connection = await kept.take()
    kept.give_back(connection)
    await kept.close()
    assert not connection.is_usable()


class TestOpening:
    @pytest.fixture
    def opening(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Let connections come about once this is set: as where the host is far away."""
        may_open = asyncio.Event()
        at_once = Pool._open

        async def later(self: Pool) -> Connection:
            await may_open.wait()
            return await at_once(self)

        monkeypatch.setattr(Pool, "_open", later)
        return may_open

    @pytest.fixture
    async def kept(self, servers: Servers) -> Pool:
        return Pool((await _upstream(servers)).url)

    @pytest.fixture
    async def used(self, kept: Pool, opening: asyncio.Event) -> Connection:
        """Return the only connection that came about so far."""
        opening.set()
        connection = await kept.take()
        opening.clear()
        return connection

    @pytest.fixture
    async def takers(
        self,
        kept: Pool,
        used: Connection,
        tasks: Tasks,
    ) -> list[asyncio.Task[Connection]]:
        """Let two wait, since the only one is used."""
        takers = [tasks.spawn(kept.take(), name="take") for _ in range(2)]
        await asyncio.sleep(0)
        assert len(kept._waiters) == 2
        assert used.is_kept_alive
        return takers

    async def test_who_waits_takes_one_that_another_is_done_with(
        self,
        kept: Pool,
        used: Connection,
        takers: list[asyncio.Task[Connection]],
        opening: asyncio.Event,
    ) -> None:
        kept.give_back(used)
        assert await takers[0] is used
        opening.set()
        second = await takers[1]
        third = await kept.take()  # what was opened for the first
        assert len({used, second, third}) == 3
        assert not kept._openings._running

    async def test_who_leaves_takes_none_along(
        self, kept: Pool, used: Connection, takers: list[asyncio.Task[Connection]]
    ) -> None:
        kept.give_back(used)
        takers[0].cancel()  # in the same turn: it has the connection, and does not know it yet
        assert await takers[1] is used

    async def test_what_is_opened_for_nobody_any_more_may_fail(
        self,
        kept: Pool,
        used: Connection,
        takers: list[asyncio.Task[Connection]],
        servers: Servers,
        opening: asyncio.Event,
    ) -> None:
        kept.give_back(used)
        await takers[0]
        await servers.stop()
        opening.set()
        with pytest.raises(Unconnected):
            await takers[1]
        await kept._openings.finish()
        assert not kept._idle

    async def test_none_in_time_is_told_and_nothing_is_left(
        self, servers: Servers, opening: asyncio.Event
    ) -> None:
        kept = Pool((await _upstream(servers)).url)
        with pytest.raises(TimeoutError):
            await kept.take(until=asyncio.get_running_loop().time() + 0.01)
        assert not kept._waiters
        await kept.close()
        assert not kept._openings._running
        assert not opening.is_set()


async def test_those_that_lay_idle_for_long_are_closed_while_others_are_used(
    servers: Servers,
) -> None:
    clock = Clock()
    kept = Pool((await _upstream(servers)).url, clock=clock)
    first, second = await kept.take(), await kept.take()
    kept.give_back(first)
    kept.give_back(second)
    for _ in range(2):
        clock.now += 16
        assert await kept.take() is second
        assert first.is_usable()
        kept.give_back(second)
    assert not first.is_usable()


async def test_one_that_is_lost_before_it_is_used_does_no_harm(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    upstream = await _upstream(servers)
    connection = await Pool(upstream.url).take()
    upstream.hang_up()

    async def is_usable() -> bool:
        return connection.is_kept_alive

    await until(is_usable, lambda usable: not usable)
    await asyncio.sleep(0)
    assert caplog.messages == []  # the loop writes down what a protocol raises


async def test_where_nobody_listens_there_is_no_connection() -> None:
    with free_socket() as nobody, pytest.raises(Unconnected):
        await Pool(url_of(nobody)).take()


class TestTls:
    async def test_only_who_proves_to_be_the_host_is_talked_to(
        self, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upstream = Upstream(_OK, tls=_tls(tmp_path))
        url = (await servers.start(upstream.listening())).url.replace("http:", "https:")
        pool._trusted.cache_clear()
        with pytest.raises(Unconnected, match="certificate verify failed"):
            await Pool(url).take()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        pool._trusted.cache_clear()
        connection = await Pool(url).take()
        assert await _ask(connection) == b"ok"
        connection.close()
        pool._trusted.cache_clear()


def _tls(folder: Path) -> ssl.SSLContext:
    """Return what a server on loopback proves itself with, and keep its certificate in *folder*."""
    key = private_key("server")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(loopback, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, locked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, locked))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
