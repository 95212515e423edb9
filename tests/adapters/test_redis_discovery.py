"""Redis server discovery: addresses, passwords, TLS, Sentinels, members of a cluster."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bussa_server.adapters.redis import RedisBus
from bussa_server.adapters.redis.discovery import resolver
from tests.adapters.redis_nodes import EPOCH, eventually, node
from tests.contracts.bus_contract import BusListener, envelope
from tests.failure.proxy import Proxy
from tests.failure.redis_servers import PROGRAMS, RedisServer

PASSWORD = "open sesame"


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return PROGRAMS[request.param]


@pytest.fixture
def password_server(tmp_path: Path, program: str) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis", program=program, password=PASSWORD)
    yield server
    server.close()


async def check_nodes_connect(*urls: str) -> None:
    """Two nodes connect to the servers of ``urls`` and receive each other's envelopes."""
    async with node(*urls) as here, node(*urls) as there:
        await there.bus.subscribe("alice")
        here.bus.publish([envelope("alice")])
        await there.expect(envelope("alice"))


async def test_password_is_sent(password_server: RedisServer):
    await check_nodes_connect(f"redis://:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{password_server.port}")


async def test_username_and_password_are_sent(password_server: RedisServer):
    password_server.client.acl_setuser(
        "bussa", enabled=True, passwords=["+sesame"], categories=["+@all"], channels=["*"]
    )
    await check_nodes_connect(f"redis://bussa:sesame@127.0.0.1:{password_server.port}")


@pytest.mark.parametrize("credentials", ["", ":wrong@", "nobody:sesame@"])
async def test_rejected_credentials_leave_bus_disconnected_and_logged(
    password_server: RedisServer, credentials: str, capsys: pytest.CaptureFixture[str]
):
    bus = RedisBus([f"redis://{credentials}127.0.0.1:{password_server.port}"], EPOCH)
    BusListener(bus)
    output: list[str] = []

    def is_logged() -> bool:
        output.append(capsys.readouterr().out)
        return "RedisError" in "".join(output)

    await eventually(is_logged)
    assert not bus.connected
    assert bus.may_have_lost
    assert "wrong" not in "".join(output)
    await bus.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for the loopback, and a server's TLS context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "redis.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


async def test_tls_connection_is_verified(password_server: RedisServer, certificate: tuple[Path, ssl.SSLContext]):
    file, context = certificate
    proxy = Proxy(password_server.port, context)
    address = f"rediss://:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{proxy.port}"
    try:
        await check_nodes_connect(f"{address}?ssl_ca_certs={file}")
        await check_nodes_connect(f"{address}?ssl_cert_reqs=none")
        # An untrusted certificate is refused.
        bus = RedisBus([address], EPOCH)
        BusListener(bus)
        seen = proxy.connections
        resolved = await resolver(address)[1]()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(resolved.host, resolved.port, ssl=resolved.tls)
        assert not bus.connected
        await bus.close()
        assert proxy.connections == seen
    finally:
        proxy.close()


@pytest.fixture
def replicated(tmp_path: Path, program: str) -> Iterator[tuple[RedisServer, RedisServer, list[RedisServer]]]:
    """A master, its replica, and three Sentinels that monitor them."""
    master = RedisServer(tmp_path / "master", program=program)
    replica = RedisServer(tmp_path / "replica", "--replicaof", "127.0.0.1", str(master.port), program=program)
    sentinels: list[RedisServer] = []
    for number in range(3):
        folder = tmp_path / f"sentinel-{number}"
        folder.mkdir()
        (folder / "sentinel.conf").write_text(
            f"sentinel monitor ours 127.0.0.1 {master.port} 2\n"
            "sentinel down-after-milliseconds ours 500\n"
            "sentinel failover-timeout ours 5000\n"
        )
        sentinels.append(RedisServer(folder, str(folder / "sentinel.conf"), "--sentinel", program=program))
    yield master, replica, sentinels
    for server in (*sentinels, replica, master):
        server.close()


async def test_sentinels_resolve_master_and_its_successor(
    replicated: tuple[RedisServer, RedisServer, list[RedisServer]],
):
    master, replica, sentinels = replicated

    def known() -> bool:
        states = [sentinel.client.sentinel_master("ours") for sentinel in sentinels]
        return all(state["num-slaves"] == 1 and state["num-other-sentinels"] == 2 for state in states)

    await eventually(known)
    url = f"redis+sentinel://{','.join(f'127.0.0.1:{sentinel.port}' for sentinel in sentinels)}/ours"
    async with node(url) as here, node(url) as there:
        await there.bus.subscribe("alice")
        here.bus.publish([envelope("alice", 1)])
        await there.expect(envelope("alice", 1))
        resyncs = there.resyncs
        master.kill()
        await there.wait_disconnected()
        await there.wait_for_resync(resyncs)
        await here.wait_connected()
        await there.wait_connected()
        assert replica.client.info("replication")["role"] == "master"
        assert dict(replica.client.pubsub_numsub(f"bussa:{EPOCH}:u:alice")) == {f"bussa:{EPOCH}:u:alice".encode(): 1}
        here.bus.publish([envelope("alice", 2)])
        await there.expect(envelope("alice", 1), envelope("alice", 2))


async def test_unknown_master_asks_each_sentinel_once():
    asked: list[int] = []

    def hang_up(number: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(number)
            writer.transport.abort()

        return serve

    sentinels = [await asyncio.start_server(hang_up(number), "127.0.0.1", 0) for number in range(2)]
    hosts = ",".join(f"127.0.0.1:{sentinel.sockets[0].getsockname()[1]}" for sentinel in sentinels)
    _, find = resolver(f"redis+sentinel://{hosts}/ours")
    with pytest.raises(OSError, match="no Sentinel knows the master 'ours'"):
        await find()
    assert asked == [0, 1]
    for sentinel in sentinels:
        sentinel.close()
        await sentinel.wait_closed()


async def test_members_of_a_cluster_are_tried_in_turn(tmp_path: Path, program: str):
    name, find = resolver("redis+cluster://me:pw@127.0.0.1:7001,127.0.0.1:7002")
    assert name == "127.0.0.1:7001 (cluster)"
    addresses = [await find() for _ in range(3)]
    assert [address.port for address in addresses] == [7001, 7002, 7001]
    assert {(address.username, address.password) for address in addresses} == {("me", "pw")}
    server = RedisServer(tmp_path / "redis", program=program)
    try:
        await check_nodes_connect(f"redis+cluster://127.0.0.1:1,127.0.0.1:{server.port}")
    finally:
        server.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1", "scheme"),
        ("redis+sentinel://127.0.0.1:1", "master name missing"),
        ("redis+sentinel:///ours", "hosts or master name missing"),
        ("redis+cluster://", "hosts missing"),
        ("unix:///run/redis.sock", "Unix sockets"),
    ],
)
def test_invalid_urls_are_refused(url: str, message: str):
    with pytest.raises(ValueError, match=message):
        resolver(url)


def test_server_name_never_holds_the_password():
    for url in ("redis://:secret@127.0.0.1", "redis+sentinel://:secret@h:1/ours", "redis+cluster://:secret@h:1"):
        assert "secret" not in resolver(url)[0]
