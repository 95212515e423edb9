"""The tarpit: an address that violates the protocol again and again is admitted slowly, and no other one."""

import asyncio
import itertools
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from bussa_server.lib.rate_limit import Rate
from bussa_server.transport import tarpit as tarpit_module
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.idle_connection import IdleConnection
from bussa_server.transport.tarpit import ADMIT_INTERVAL, FAULT_RATE, MAX_DELAY, Tarpit, tarpit_of
from tests.transport.peer import BINARY, PING, TEXT, Peer, frame, json_frame, peer
from tests.transport.running_server import RunningServer

BAD, GOOD = "192.0.2.66", "192.0.2.7"
GET = b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n"


class FakeClock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tarpit(now: FakeClock) -> Tarpit:
    return Tarpit(now)


def record_faults(tarpit: Tarpit, host: str, times: float) -> None:
    for _ in range(int(times)):
        tarpit.record_fault(host)


def test_faults_within_the_burst_cause_no_delay(tarpit: Tarpit) -> None:
    record_faults(tarpit, BAD, FAULT_RATE.burst)
    assert [tarpit.delay(BAD) for _ in range(1_000)] == [0.0] * 1_000


def test_connections_after_the_burst_are_evenly_spaced(tarpit: Tarpit) -> None:
    record_faults(tarpit, BAD, FAULT_RATE.burst + 1)
    waits = [tarpit.delay(BAD) for _ in range(300)]
    assert waits == pytest.approx([ADMIT_INTERVAL * (place + 1) for place in range(300)])
    assert tarpit.delay(GOOD) == 0.0


def test_delay_is_bounded(tarpit: Tarpit) -> None:
    record_faults(tarpit, BAD, 10_000)
    waits = [tarpit.delay(BAD) for _ in range(5_000)]
    assert max(waits) == pytest.approx(MAX_DELAY)


def test_faults_expire_after_ten_seconds(tarpit: Tarpit, now: FakeClock) -> None:
    record_faults(tarpit, BAD, 10_000)
    now.seconds += FAULT_RATE.burst / FAULT_RATE.per_second - 1
    assert tarpit.delay(BAD) > 0.0
    now.seconds += 1
    assert tarpit.delay(BAD) == 0.0


def test_unused_slots_give_no_credit(tarpit: Tarpit, now: FakeClock) -> None:
    record_faults(tarpit, BAD, 10_000)
    for _ in range(100):
        tarpit.delay(BAD)
    now.seconds += 5
    assert tarpit.delay(BAD) == pytest.approx(ADMIT_INTERVAL)


def test_exempt_host_is_not_delayed(tarpit: Tarpit) -> None:
    tarpit.exempt = lambda host: host == BAD
    record_faults(tarpit, BAD, 10_000)
    assert tarpit.delay(BAD) == 0.0


def test_ipv6_prefix_counts_as_one_address(tarpit: Tarpit) -> None:
    for number in range(int(FAULT_RATE.burst) + 1):
        tarpit.record_fault(f"2001:db8:1:2::{number:x}")
    assert tarpit.delay("2001:db8:1:2:ffff::1") > 0.0
    assert tarpit.delay("2001:db8:1:3::1") == 0.0


def test_table_is_bounded(monkeypatch: pytest.MonkeyPatch, now: FakeClock) -> None:
    monkeypatch.setattr(tarpit_module, "MAX_TRACKED", 3)
    tarpit = Tarpit(now)
    for number in range(10):
        tarpit.record_fault(f"192.0.2.{number}")
    assert len(tarpit) == 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=300))
def test_admission_never_exceeds_its_rate(events: list[tuple[bool, int]]) -> None:
    """In any order of faults, new connections and pauses (in intervals), no two are admitted closer together."""
    now = FakeClock()
    tarpit = Tarpit(now)
    record_faults(tarpit, BAD, 2 * FAULT_RATE.burst)
    admitted: list[float] = []
    for fault, pause in events:
        now.seconds += pause * ADMIT_INTERVAL
        if fault:
            tarpit.record_fault(BAD)
        elif 0.0 < (wait := tarpit.delay(BAD)) < MAX_DELAY:
            admitted.append(now.seconds + wait)
    assert all(later - earlier >= ADMIT_INTERVAL * 0.999 for earlier, later in itertools.pairwise(admitted))


# Over sockets.


@pytest.fixture
def faults(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hosts with a fault, one entry per fault."""
    recorded: list[str] = []
    monkeypatch.setattr(tarpit_of(server.uvicorn.server_state), "record_fault", recorded.append)
    return recorded


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /late HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 70_000,
        b"GET /v1/socket HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["not HTTP", "a head of 70 KiB", "half a handshake"],
)
async def test_malformed_request_is_a_fault(server: RunningServer, faults: list[str], data: bytes) -> None:
    async with peer(server.port) as device:
        await device.write_what_it_can(data)
        assert (await device.head())[0] in (400, 426, 431)
    await server.wait_disconnected()
    assert faults == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"nonsense"), 4400),
        (frame(b"\xff\xff", TEXT), 4400),
        (frame(b"{}", BINARY), 1003),
        (frame(b"x", claim=2**32), 1009),
        (frame(b"", 3), 1002),
        (frame(b"", PING) * 1_000, 4429),
        (frame(b"", fin=False) + frame(b"", 0, fin=False) * 2_000, 4429),
    ],
    ids=["nonsense", "no UTF-8", "the wrong kind", "a claim", "a reserved opcode", "pings", "fragments"],
)
async def test_protocol_violation_is_a_fault(server: RunningServer, faults: list[str], data: bytes, code: int) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade() == 101
        await device.write_what_it_can(data)
        assert await device.close_code() == code
    await server.wait_disconnected()
    assert faults == ["127.0.0.1"]


async def _disconnect_early(device: Peer) -> None:
    await device.greet("alice")


async def _refused_origin(device: Peer) -> None:
    assert await device.upgrade() == 101
    await device.write(json_frame({"type": "hello", "token": "nobody"}))
    assert await device.close_code() == 4401


async def _plain_request(device: Peer) -> None:
    await device.write(b"GET /nothing HTTP/1.1\r\nHost: b\r\n\r\n")
    assert (await device.head())[0] == 404


async def _unknown_user(device: Peer) -> None:
    assert await device.upgrade(b"Origin: https://evil.example") == 403


async def _close_normally(device: Peer) -> None:
    device.reset()


@pytest.mark.parametrize("visit", [_disconnect_early, _refused_origin, _plain_request, _unknown_user, _close_normally])
async def test_ordinary_disconnects_are_no_fault(server: RunningServer, faults: list[str], visit) -> None:
    async with peer(server.port) as device:
        await visit(device)
    await server.wait_disconnected()
    assert faults == []


async def test_server_shutdown_is_no_fault(server: RunningServer, faults: list[str]) -> None:
    async with peer(server.port) as device:
        await server.greet(device)
        server.socket.shutdown()
        assert await device.close_code() == 1012
    assert faults == []


async def test_delayed_connection_is_not_read_before_its_time(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    accepted: list[float] = []
    admitted: list[float] = []
    made = BoundedHttp.connection_made

    def wait(host: str) -> float:
        assert host == "127.0.0.1"
        accepted.append(loop.time())
        return 0.2

    def look(self: BoundedHttp, transport: asyncio.Transport) -> None:
        admitted.append(loop.time())
        made(self, transport)

    monkeypatch.setattr(tarpit_of(server.uvicorn.server_state), "delay", wait)
    monkeypatch.setattr(BoundedHttp, "connection_made", look)
    async with peer(server.port) as device:
        await device.write(GET)
        assert (await device.head())[0] == 200
    assert len(accepted) == len(admitted) == 1
    assert admitted[0] - accepted[0] >= 0.199


def test_loop_turn_longer_than_the_delay_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop then calls the timer's callback before the one that pauses reading."""
    loop, transport, state = Mock(), Mock(), ServerState()
    loop.time.return_value = 0.0
    transport.is_closing.return_value = False
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(tarpit_of(state), "delay", lambda _host: 0.01)
    IdleConnection(Mock(), state, {}).connection_made(transport)
    [soon] = loop.call_soon.call_args.args
    _, later = loop.call_later.call_args.args
    later()
    soon()
    transport.resume_reading.assert_called_once()
    transport.pause_reading.assert_not_called()


@pytest.mark.parametrize("how", ["reset by the peer", "closed by the server"])
async def test_delayed_connection_that_ends_is_released(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(tarpit_of(server.uvicorn.server_state), "delay", lambda _host: 0.05)
    async with peer(server.port) as device:
        await device.write(GET)
        await server.wait_connected()
        if how == "reset by the peer":
            device.reset()
        else:
            for connection in list(server.uvicorn.server_state.connections):
                connection.shutdown()
        await server.wait_disconnected()
        await asyncio.sleep(0.1)  # past the delay: its callback must not raise


async def test_open_connections_are_not_delayed(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarpit_module, "FAULT_RATE", Rate(10, 2))
    async with peer(server.port) as healthy:
        await server.greet(healthy)
        tarpit = tarpit_of(server.uvicorn.server_state)
        for _ in range(3):
            async with peer(server.port) as device:
                assert await device.upgrade() == 101
                await device.write(frame(b"nonsense"))
                assert await device.close_code() == 4400
        assert tarpit.delay("127.0.0.1") > 0.0
        await healthy.write(json_frame({"type": "ping", "id": 1}))
        assert (await healthy.receive())["type"] == "pong"
