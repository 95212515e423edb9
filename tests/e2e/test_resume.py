"""Resuming: a device that was offline ends with the same log as one that stayed online."""

import asyncio
import random

import pytest

from tests.e2e.device import Device, Frame, Journal
from tests.e2e.server_process import TIMEOUT, HostApp, Server, run_cli, sign_token
from tests.e2e.session import Session

STEPS = 80


def log_without_ids(journal: Journal) -> list[Frame]:
    """The log as a device received it, without the ids of its requests."""
    return [{name: value for name, value in entry.items() if name != "id"} for entry in journal.log.values()]


class ResumeScenario:
    """Bob's devices, of which one stays online and two go offline and return; his friends; and random steps."""

    def __init__(self, session: Session, seed: int) -> None:
        self._session = session
        self._rng = random.Random(seed)
        self.journals = [Journal(), Journal(), Journal()]
        self._online: list[Device | None] = [None, None, None]

    async def set_up(self) -> None:
        self._bob = await self._session.create_user("bob", knocks=True)
        for number, journal in enumerate(self.journals):
            self._online[number] = await self._session.connect(
                self._bob, journal=journal, codec=("json", "msgpack")[number % 2]
            )
        self._friends = [
            await self._session.connect(await self._session.create_user(f"friend{number}")) for number in range(3)
        ]
        # Bob acts on a fourth device, so that the compared ones receive everything as events.
        self._acting_device = await self._session.connect(self._bob)
        for friend in self._friends:
            await friend.send(self._bob, "first")

    async def step(self, number: int) -> None:
        rng, friend = self._rng, self._rng.choice(self._friends)
        name = friend.welcome["user"]
        match rng.choices(("from", "to", "read", "own read", "mute", "settings", "sleep"), (6, 3, 1, 1, 1, 1, 3))[0]:
            case "from":
                burst = [
                    await friend.submit("send", to=self._bob, text=f"{number}.{k}", nonce=f"{number}.{k}")
                    for k in range(rng.randrange(1, 6))
                ]
                if rng.random() < 0.5:  # else the next step runs during the burst
                    await asyncio.gather(*burst)
            case "to":
                await self._acting_device.send(name, f"{number}")
            case "read":
                await friend.request("read", peer=self._bob, n=rng.randrange(1, 9))
            case "own read":
                await self._acting_device.request("read", peer=name, n=rng.randrange(1, 9))
            case "mute":
                await self._acting_device.ok(rng.choice(("mute", "unmute")), user=name)
            case "settings":
                await self._acting_device.ok("settings", set={"read_receipts": rng.random() < 0.5})
            case _:
                await self._toggle(rng.choice((1, 2)))

    async def _toggle(self, number: int) -> None:
        """Take a device offline, by a close or an abort, or bring it back."""
        device = self._online[number]
        if device is None:
            self._online[number] = device = await self._session.connect(self._bob, journal=self.journals[number])
            assert device.welcome["resumed"] is True
        else:
            self._online[number] = None
            if self._rng.random() < 0.5:
                device.socket.transport.abort()  # as if the network were lost
            await device.close()

    async def settle(self) -> None:
        for number in (1, 2):
            if self._online[number] is None:
                await self._toggle(number)
        await asyncio.gather(*(friend.remaining_events() for friend in self._friends))
        for device in self._online:
            assert device is not None
            await device.remaining_events()


@pytest.mark.parametrize("seed", range(8))
async def test_resumed_device_has_the_log_of_one_that_stayed_online(session: Session, seed: int):
    scenario = ResumeScenario(session, seed)
    await scenario.set_up()
    for number in range(STEPS):
        await scenario.step(number)
    await scenario.settle()
    stayed, *returned = scenario.journals
    assert len(stayed.log) > STEPS
    for journal in returned:
        assert log_without_ids(journal) == log_without_ids(stayed)


async def resume(session: Session, user: str, **hello: object) -> Device:
    device = await session.connect_unauthenticated()
    if "resume" in hello:
        device.journal.seq = int(str(hello["resume"]))
    await device.handshake({"token": sign_token(user), **hello})
    return device


async def test_resume_is_accepted_within_log_and_epoch(session: Session):
    _, writer, bob, phone = await session.two_users()
    for number in range(3):
        await writer.send(bob, str(number))
    epoch = phone.welcome["epoch"]
    for hello, seqs in (
        ({"resume": 0, "epoch": epoch}, [1, 2, 3]),
        ({"resume": 2, "epoch": epoch}, [3]),
        ({"resume": 3, "epoch": epoch}, []),
    ):
        device = await resume(session, bob, **hello)
        assert device.welcome["resumed"] is True
        assert device.welcome["head"] == 3
        assert [event["seq"] for event in await device.remaining_events()] == seqs
    for hello in (
        {"resume": 4, "epoch": epoch},
        {"resume": 2**53 - 1, "epoch": epoch},
        {"resume": 2, "epoch": f"{epoch}x"},
        {"resume": 0, "epoch": ""},
        {"epoch": epoch},
        {},
    ):
        device = await resume(session, bob, **hello)
        assert device.welcome["resumed"] is False, hello
        assert device.welcome["head"] == 3
        assert await device.remaining_events() == [], "the gap is replayed completely or not at all"
    await writer.send(bob, "live")
    assert (await device.next_event())["seq"] == 4


async def test_resume_without_epoch_uses_the_current_one(session: Session):
    _, writer, bob, _ = await session.two_users()
    await writer.send(bob, "a")
    device = await resume(session, bob, resume=0)
    assert device.welcome["resumed"] is True
    assert [event["seq"] for event in await device.remaining_events()] == [1]


async def test_long_gap_is_replayed_during_live_traffic(session: Session):
    _, writer, bob, phone = await session.two_users()
    gap, live = 3_000, 600
    ahead = [await writer.submit("send", to=bob, text="x" * 200, nonce=f"{k}") for k in range(gap)]
    await asyncio.gather(*ahead)
    journals = [Journal() for _ in range(3)]
    for journal in journals:
        journal.seq, journal.epoch = 0, phone.welcome["epoch"]
    ahead = [await writer.submit("send", to=bob, text="y", nonce=f"live {k}") for k in range(live)]
    resumed = [await session.connect(bob, journal=journal) for journal in journals]
    ahead += [await writer.submit("send", to=bob, text="z", nonce=f"more {k}") for k in range(live)]
    async with asyncio.timeout(TIMEOUT):
        await asyncio.gather(*ahead)
    for device in (phone, *resumed):
        await device.remaining_events()
        assert list(device.journal.log) == list(range(1, gap + 2 * live + 1))
        assert device.journal.log == phone.journal.log


async def test_reply_takes_its_place_in_the_replay(session: Session):
    """Bob sends from a device during its replay, and from another one at the same time."""
    alice, writer, bob, phone = await session.two_users()
    await asyncio.gather(*[await writer.submit("send", to=bob, text="x", nonce=f"{k}") for k in range(1_500)])
    journal = Journal()
    journal.seq, journal.epoch = 0, phone.welcome["epoch"]
    resumed = await session.connect(bob, journal=journal)
    ahead = [await resumed.submit("send", to=alice, text="y", nonce=f"own {k}") for k in range(50)]
    ahead += [await phone.submit("send", to=alice, text="z", nonce=f"other {k}") for k in range(50)]
    await asyncio.gather(*ahead)
    await resumed.remaining_events()
    await phone.remaining_events()
    assert list(journal.log) == list(range(1, 1_601))
    assert sum(entry["type"] == "sent" for entry in journal.log.values()) == 50


async def test_epoch_survives_restart_but_not_restored_backup(restartable_server: Server):
    await asyncio.to_thread(restartable_server.start)
    host = HostApp(restartable_server)
    session = Session(restartable_server, host, "msgpack", 1)
    _, writer, bob, phone = await session.two_users()
    await writer.send(bob, "before the backup")
    await phone.next_event()
    copy = restartable_server.folder.with_name("copy.sqlite3")
    made = await asyncio.to_thread(run_cli, "backup", str(copy), "--data", str(restartable_server.folder))
    assert made.returncode == 0, made.stderr
    await writer.send(bob, "after the backup")
    await phone.next_event()
    assert phone.journal.seq == 2

    for end in (restartable_server.stop, restartable_server.kill):
        await asyncio.to_thread(end)
        await asyncio.to_thread(restartable_server.start)
        back = await session.connect(bob, journal=phone.journal)
        assert (back.welcome["resumed"], back.welcome["epoch"]) == (True, phone.welcome["epoch"])
        assert await back.remaining_events() == []

    await asyncio.to_thread(restartable_server.stop)
    for file in restartable_server.folder.glob("bussa.sqlite3*"):
        file.unlink()
    copy.rename(restartable_server.folder / "bussa.sqlite3")
    await asyncio.to_thread(restartable_server.start)
    restored = await session.connect(bob, journal=phone.journal)
    assert restored.welcome["resumed"] is False
    assert restored.welcome["epoch"] != phone.welcome["epoch"]
    assert restored.welcome["head"] == 1
    page = await restored.ok("history", peer=writer.welcome["user"])
    assert [message["text"] for message in page["messages"]] == ["before the backup"]
    await session.close()
    await host.close()
