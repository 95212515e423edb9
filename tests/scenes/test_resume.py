"""A phone sleeps and wakes. Wherever it slept, it ends exactly like the one that stayed on."""

import asyncio
import random

import pytest

from tests.scenes.device import Device, Diary, Frame
from tests.scenes.play import Play
from tests.scenes.serving import SECONDS, Host, Server, bussa, sign

STEPS = 80


def comparable(diary: Diary) -> list[Frame]:
    """What a device was told, without the ids of its own requests."""
    return [{name: value for name, value in entry.items() if name != "id"} for entry in diary.log.values()]


class Household:
    """Bob's devices: one stays on, two sleep and wake; his friends; and a random script for them all."""

    def __init__(self, play: Play, seed: int) -> None:
        self._play = play
        self._chance = random.Random(seed)
        self.diaries = [Diary(), Diary(), Diary()]
        self._awake: list[Device | None] = [None, None, None]

    async def move_in(self) -> None:
        self._bob = await self._play.person("bob", knocks=True)
        for number, diary in enumerate(self.diaries):
            self._awake[number] = await self._play.meet(self._bob, diary=diary, codec=("json", "msgpack")[number % 2])
        self._friends = [await self._play.meet(await self._play.person(f"friend{number}")) for number in range(3)]
        # Who acts for Bob: none of the devices that are compared, so that to each of them all is an event.
        self._desk = await self._play.meet(self._bob)
        for friend in self._friends:
            await friend.send(self._bob, "first")

    async def step(self, number: int) -> None:
        chance, friend = self._chance, self._chance.choice(self._friends)
        name = friend.welcome["user"]
        match chance.choices(("from", "to", "read", "own read", "mute", "settings", "sleep"), (6, 3, 1, 1, 1, 1, 3))[0]:
            case "from":
                burst = [
                    await friend.submit("send", to=self._bob, text=f"{number}.{k}", nonce=f"{number}.{k}")
                    for k in range(chance.randrange(1, 6))
                ]
                if chance.random() < 0.5:  # else it goes on while the burst is under way
                    await asyncio.gather(*burst)
            case "to":
                await self._desk.send(name, f"{number}")
            case "read":
                await friend.ask("read", peer=self._bob, n=chance.randrange(1, 9))
            case "own read":
                await self._desk.ask("read", peer=name, n=chance.randrange(1, 9))
            case "mute":
                await self._desk.ok(chance.choice(("mute", "unmute")), user=name)
            case "settings":
                await self._desk.ok("settings", set={"read_receipts": chance.random() < 0.5})
            case _:
                await self._turn_over(chance.choice((1, 2)))

    async def _turn_over(self, number: int) -> None:
        """A phone falls asleep, in whatever manner, or wakes."""
        device = self._awake[number]
        if device is None:
            self._awake[number] = device = await self._play.meet(self._bob, diary=self.diaries[number])
            assert device.welcome["resumed"] is True
        else:
            self._awake[number] = None
            if self._chance.random() < 0.5:
                device.socket.transport.abort()  # out of reach, without a word
            await device.leave()

    async def come_to_rest(self) -> None:
        for number in (1, 2):
            if self._awake[number] is None:
                await self._turn_over(number)
        await asyncio.gather(*(friend.rest() for friend in self._friends))
        for device in self._awake:
            assert device is not None
            await device.rest()


@pytest.mark.parametrize("seed", range(8))
async def test_a_phone_that_slept_ends_like_one_that_stayed_on(play: Play, seed: int):
    household = Household(play, seed)
    await household.move_in()
    for number in range(STEPS):
        await household.step(number)
    await household.come_to_rest()
    stayed, *slept = household.diaries
    assert len(stayed.log) > STEPS
    for diary in slept:
        assert comparable(diary) == comparable(stayed)


async def resume(play: Play, user: str, **hello: object) -> Device:
    device = await play.stranger()
    if "resume" in hello:
        device.diary.seq = int(str(hello["resume"]))
    await device.greet({"token": sign(user), **hello})
    return device


async def test_where_a_device_may_go_on(play: Play):
    _, writer, bob, phone = await play.two()
    for number in range(3):
        await writer.send(bob, str(number))
    epoch = phone.welcome["epoch"]
    for hello, seqs in (
        ({"resume": 0, "epoch": epoch}, [1, 2, 3]),
        ({"resume": 2, "epoch": epoch}, [3]),
        ({"resume": 3, "epoch": epoch}, []),
    ):
        device = await resume(play, bob, **hello)
        assert device.welcome["resumed"] is True
        assert device.welcome["head"] == 3
        assert [event["seq"] for event in await device.rest()] == seqs
    for hello in (
        {"resume": 4, "epoch": epoch},
        {"resume": 2**53 - 1, "epoch": epoch},
        {"resume": 2, "epoch": f"{epoch}x"},
        {"resume": 0, "epoch": ""},
        {"epoch": epoch},
        {},
    ):
        device = await resume(play, bob, **hello)
        assert device.welcome["resumed"] is False, hello
        assert device.welcome["head"] == 3
        assert await device.rest() == [], "all of the gap or none of it"
    await writer.send(bob, "live")
    assert (await device.next())["seq"] == 4


async def test_without_an_epoch_resume_is_counted_in_the_current_one(play: Play):
    _, writer, bob, _ = await play.two()
    await writer.send(bob, "a")
    device = await resume(play, bob, resume=0)
    assert device.welcome["resumed"] is True
    assert [event["seq"] for event in await device.rest()] == [1]


async def test_a_long_gap_is_replayed_while_more_keeps_coming(play: Play):
    _, writer, bob, phone = await play.two()
    gap, live = 3_000, 600
    ahead = [await writer.submit("send", to=bob, text="x" * 200, nonce=f"{k}") for k in range(gap)]
    await asyncio.gather(*ahead)
    sleepers = [Diary() for _ in range(3)]
    for diary in sleepers:
        diary.seq, diary.epoch = 0, phone.welcome["epoch"]
    ahead = [await writer.submit("send", to=bob, text="y", nonce=f"live {k}") for k in range(live)]
    woken = [await play.meet(bob, diary=diary) for diary in sleepers]
    ahead += [await writer.submit("send", to=bob, text="z", nonce=f"more {k}") for k in range(live)]
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*ahead)
    for device in (phone, *woken):
        await device.rest()
        assert list(device.diary.log) == list(range(1, gap + 2 * live + 1))
        assert device.diary.log == phone.diary.log


async def test_a_reply_takes_its_place_in_the_replay(play: Play):
    """Bob writes while what he has missed is still on its way, and his other devices write too."""
    alice, writer, bob, phone = await play.two()
    await asyncio.gather(*[await writer.submit("send", to=bob, text="x", nonce=f"{k}") for k in range(1_500)])
    diary = Diary()
    diary.seq, diary.epoch = 0, phone.welcome["epoch"]
    woken = await play.meet(bob, diary=diary)
    ahead = [await woken.submit("send", to=alice, text="y", nonce=f"own {k}") for k in range(50)]
    ahead += [await phone.submit("send", to=alice, text="z", nonce=f"other {k}") for k in range(50)]
    await asyncio.gather(*ahead)
    await woken.rest()
    await phone.rest()
    assert list(diary.log) == list(range(1, 1_601))
    assert sum(entry["type"] == "sent" for entry in diary.log.values()) == 50


async def test_the_epoch_outlives_a_restart_and_not_a_restored_backup(fresh: Server):
    await asyncio.to_thread(fresh.start)
    host = Host(fresh)
    play = Play(fresh, host, "msgpack", 1)
    _, writer, bob, phone = await play.two()
    await writer.send(bob, "before the backup")
    await phone.next()
    copy = fresh.folder.with_name("copy.sqlite3")
    made = await asyncio.to_thread(bussa, "backup", str(copy), "--data", str(fresh.folder))
    assert made.returncode == 0, made.stderr
    await writer.send(bob, "after the backup")
    await phone.next()
    assert phone.diary.seq == 2

    for end in (fresh.stop, fresh.kill):
        await asyncio.to_thread(end)
        await asyncio.to_thread(fresh.start)
        back = await play.meet(bob, diary=phone.diary)
        assert (back.welcome["resumed"], back.welcome["epoch"]) == (True, phone.welcome["epoch"])
        assert await back.rest() == []

    await asyncio.to_thread(fresh.stop)
    for file in fresh.folder.glob("bussa.sqlite3*"):
        file.unlink()
    copy.rename(fresh.folder / "bussa.sqlite3")
    await asyncio.to_thread(fresh.start)
    restored = await play.meet(bob, diary=phone.diary)
    assert restored.welcome["resumed"] is False
    assert restored.welcome["epoch"] != phone.welcome["epoch"]
    assert restored.welcome["head"] == 1
    page = await restored.ok("history", peer=writer.welcome["user"])
    assert [message["text"] for message in page["messages"]] == ["before the backup"]
    await play.end()
    await host.close()
