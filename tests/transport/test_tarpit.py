"""The tarpit: whose address breaks off again and again is let in slowly, and nobody else."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.domain.throttle import Rate
from bussa_server.transport import tarpit
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.silent import Silent
from bussa_server.transport.tarpit import FAULTS, LONGEST, PACE, Tarpit, tarpit_of
from tests.transport.peer import BINARY, PING, TEXT, Peer, frame, peer, say
from tests.transport.served import Served

BAD, GOOD = "192.0.2.66", "192.0.2.7"
GET = b"GET /late HTTP/1.1\r\nHost: b\r\n\r\n"


class Now:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def pit(now: Now) -> Tarpit:
    return Tarpit(now)


def blame(pit: Tarpit, host: str, times: float) -> None:
    for _ in range(int(times)):
        pit.blame(host)


def test_faults_up_to_the_burst_are_overlooked(pit: Tarpit) -> None:
    blame(pit, BAD, FAULTS.burst)
    assert [pit.wait(BAD) for _ in range(1_000)] == [0.0] * 1_000


def test_after_it_new_connections_come_in_evenly(pit: Tarpit) -> None:
    blame(pit, BAD, FAULTS.burst + 1)
    waits = [pit.wait(BAD) for _ in range(300)]
    assert waits == pytest.approx([PACE * (place + 1) for place in range(300)])
    assert pit.wait(GOOD) == 0.0


def test_nobody_waits_for_long(pit: Tarpit) -> None:
    blame(pit, BAD, 10_000)
    waits = [pit.wait(BAD) for _ in range(5_000)]
    assert max(waits) == pytest.approx(LONGEST)


def test_it_is_forgiven_ten_seconds_after_the_last_fault(pit: Tarpit, now: Now) -> None:
    blame(pit, BAD, 10_000)
    now.seconds += FAULTS.burst / FAULTS.per_second - 1
    assert pit.wait(BAD) > 0.0
    now.seconds += 1
    assert pit.wait(BAD) == 0.0


def test_a_line_that_has_run_dry_is_no_credit(pit: Tarpit, now: Now) -> None:
    blame(pit, BAD, 10_000)
    for _ in range(100):
        pit.wait(BAD)
    now.seconds += 5
    assert pit.wait(BAD) == pytest.approx(PACE)


def test_a_host_that_connects_for_others_is_not_blamed(pit: Tarpit) -> None:
    pit.exempt = lambda host: host == BAD
    blame(pit, BAD, 10_000)
    assert pit.wait(BAD) == 0.0


def test_a_network_of_one_customer_is_one_address(pit: Tarpit) -> None:
    for number in range(int(FAULTS.burst) + 1):
        pit.blame(f"2001:db8:1:2::{number:x}")
    assert pit.wait("2001:db8:1:2:ffff::1") > 0.0
    assert pit.wait("2001:db8:1:3::1") == 0.0


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch, now: Now) -> None:
    monkeypatch.setattr(tarpit, "KEPT", 3)
    pit = Tarpit(now)
    for number in range(10):
        pit.blame(f"192.0.2.{number}")
    assert len(pit._addresses) == 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=300))
def test_of_a_bad_address_never_more_than_its_pace(events: list[tuple[bool, int]]) -> None:
    """Whatever the order of faults, of new connections and of pauses (in PACEs): no two come in closer together."""
    now = Now()
    pit = Tarpit(now)
    blame(pit, BAD, 2 * FAULTS.burst)
    heard: list[float] = []
    for fault, pause in events:
        now.seconds += pause * PACE
        if fault:
            pit.blame(BAD)
        elif 0.0 < (wait := pit.wait(BAD)) < LONGEST:
            heard.append(now.seconds + wait)
    assert all(later - earlier >= PACE * 0.999 for earlier, later in itertools.pairwise(heard))


# Over sockets.


@pytest.fixture
def faults(ours: Served, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hosts that were blamed."""
    blamed: list[str] = []
    monkeypatch.setattr(tarpit_of(ours.server.server_state), "blame", blamed.append)
    return blamed


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /late HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 70_000,
        b"GET /v1/socket HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["not HTTP", "a head of 70 KiB", "half a handshake"],
)
async def test_what_is_no_request_is_a_fault(ours: Served, faults: list[str], said: bytes) -> None:
    async with peer(ours.port) as device:
        await device.write_what_it_can(said)
        assert (await device.head())[0] in (400, 426, 431)
    await ours.forgotten()
    assert faults == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("said", "code"),
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
async def test_what_no_client_says_is_a_fault(ours: Served, faults: list[str], said: bytes, code: int) -> None:
    async with peer(ours.port) as device:
        assert await device.upgrade() == 101
        await device.write_what_it_can(said)
        assert await device.farewell() == code
    await ours.forgotten()
    assert faults == ["127.0.0.1"]


async def _leaves(device: Peer) -> None:
    await device.greet("alice")


async def _is_refused(device: Peer) -> None:
    assert await device.upgrade() == 101
    await device.write(say({"type": "hello", "token": "nobody"}))
    assert await device.farewell() == 4401


async def _asks(device: Peer) -> None:
    await device.write(b"GET /nothing HTTP/1.1\r\nHost: b\r\n\r\n")
    assert (await device.head())[0] == 404


async def _is_a_stranger(device: Peer) -> None:
    assert await device.upgrade(b"Origin: https://evil.example") == 403


async def _goes(device: Peer) -> None:
    device.reset()


@pytest.mark.parametrize("visit", [_leaves, _is_refused, _asks, _is_a_stranger, _goes])
async def test_what_may_happen_to_anybody_is_none(ours: Served, faults: list[str], visit) -> None:
    async with peer(ours.port) as device:
        await visit(device)
    await ours.forgotten()
    assert faults == []


async def test_the_end_of_the_server_is_none(ours: Served, faults: list[str]) -> None:
    async with peer(ours.port) as device:
        await ours.greet(device)
        ours.socket.shutdown()
        assert await device.farewell() == 1012
    assert faults == []


async def test_a_new_connection_is_not_listened_to_until_its_time(
    ours: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    came: list[float] = []
    heard: list[float] = []
    made = BoundedHttp.connection_made

    def wait(host: str) -> float:
        assert host == "127.0.0.1"
        came.append(loop.time())
        return 0.2

    def look(self: BoundedHttp, transport: asyncio.Transport) -> None:
        heard.append(loop.time())
        made(self, transport)

    monkeypatch.setattr(tarpit_of(ours.server.server_state), "wait", wait)
    monkeypatch.setattr(BoundedHttp, "connection_made", look)
    async with peer(ours.port) as device:
        await device.write(GET)
        assert (await device.head())[0] == 200
    assert len(came) == len(heard) == 1
    assert heard[0] - came[0] >= 0.199


async def test_a_turn_that_takes_longer_than_the_wait(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the loop calls what was to come later before what was to come soon."""
    monkeypatch.setattr(tarpit_of(ours.server.server_state), "wait", lambda _host: 1_000.0)
    async with peer(ours.port) as device:
        await ours.known()
        [waiting] = ours.server.server_state.connections
        assert isinstance(waiting, Silent)
        waiting._listen()
        waiting._pause()
        await device.write(GET)
        assert (await device.head())[0] == 200


async def test_one_that_leaves_meanwhile_is_forgotten(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarpit_of(ours.server.server_state), "wait", lambda _host: 0.05)
    async with peer(ours.port) as device:
        await device.write(GET)
        device.reset()
    await ours.forgotten()


async def test_who_is_here_already_feels_nothing(ours: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarpit, "FAULTS", Rate(10, 2))
    async with peer(ours.port) as healthy:
        await ours.greet(healthy)
        pit = tarpit_of(ours.server.server_state)
        for _ in range(3):
            async with peer(ours.port) as device:
                assert await device.upgrade() == 101
                await device.write(frame(b"nonsense"))
                assert await device.farewell() == 4400
        assert pit.wait("127.0.0.1") > 0.0
        await healthy.write(say({"type": "ping", "id": 1}))
        assert (await healthy.told())["type"] == "pong"
