"""A town that talks without end while its server is killed, drained and started again.

Each of its people has a script: whom to tell what, in which order. They send ahead, and when the connection ends
they come back, resume, and repeat what was not answered under the same nonces.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from websockets.exceptions import InvalidHandshake

from tests.scenes.device import CODECS, Device, Diary, Frame, GoneError, connect
from tests.scenes.serving import Host, Server, sign

AHEAD = 8
"""Sends of one person that wait for their answers."""


class Line(NamedTuple):
    to: str
    text: str
    """Unique in the town; its nonce, too."""


class Talker:
    def __init__(self, town: "Town", user: str, codec: str, script: list[Line]) -> None:
        self.user = user
        self.script = script
        self.answers: dict[str, Frame] = {}
        """Each text's ``sent``."""
        self.diary = Diary()
        self.returns = 0
        self._town = town
        self._codec = codec

    async def run(self) -> None:
        """Say it all, whatever happens to the server."""
        while len(self.answers) < len(self.script):
            await self._town.up.wait()
            try:
                device = await self.come()
            except (GoneError, OSError, InvalidHandshake, EOFError):
                await asyncio.sleep(0.01)  # it is going down, or not up yet: nothing tells when
                continue
            try:
                await self._talk(device)
            except GoneError as gone:
                self._town.farewells.append(gone.args[0])
            finally:
                await device.leave()

    async def come(self) -> Device:
        asleep = self.diary.seq is not None
        device = await connect(self._town.server, sign(self.user), codec=self._codec, diary=self.diary)
        assert device.welcome["resumed"] is asleep, "whoever comes back goes on where they were"
        self.returns += asleep
        return device

    async def _talk(self, device: Device) -> None:
        todo = deque(line for line in self.script if line.text not in self.answers)
        waiting: deque[tuple[Line, asyncio.Future[Frame]]] = deque()
        while todo or waiting:
            if todo and len(waiting) < AHEAD:
                line = todo.popleft()
                future = await device.submit("send", again=True, to=line.to, text=line.text, nonce=line.text)
                waiting.append((line, future))
                continue
            line, future = waiting.popleft()
            reply = await future
            assert reply["type"] == "sent", reply
            self.answers[line.text] = reply
            self._town.answered += 1
            self._town.progress()


class Town:
    """``people`` who say ``messages`` in all. The server must be running when it is founded."""

    def __init__(self, server: Server, people: int, messages: int, chance: random.Random) -> None:
        self.server = server
        self.up = asyncio.Event()
        self.answered = 0
        self.farewells: list[int | None] = []
        self.progress: Callable[[], None] = lambda: None
        names = [f"p{number}" for number in range(people)]
        self.talkers: list[Talker] = []
        for number, name in enumerate(names):
            friends = chance.sample([other for other in names if other != name], min(10, people - 1))
            script = [Line(chance.choice(friends), f"{name} says {k}") for k in range(messages // people)]
            self.talkers.append(Talker(self, name, CODECS[number % 2], script))

    async def found(self) -> None:
        """Let the host application make its people, and each look in once."""
        host = Host(self.server)
        for talker in self.talkers:
            await host.person(talker.user, dm_policy="anyone")
        await host.close()
        for talker in self.talkers:
            # Before anybody says anything: whoever came only then would begin in the middle of the log.
            await (await talker.come()).leave()
        self.up.set()

    async def reach(self, answered: int) -> None:
        """Wait until so many messages are answered."""
        reached = asyncio.Event()

        def progress() -> None:
            if self.answered >= answered:
                reached.set()

        self.progress = progress
        progress()
        await reached.wait()

    async def account(self) -> None:
        """Hold the town to what it was promised: what was answered is there, once, in both logs, in order."""
        said = {line.text: (talker.user, line.to) for talker in self.talkers for line in talker.script}
        written: dict[str, tuple[str, str, int]] = {}
        for talker in self.talkers:
            device = await talker.come()
            await device.rest()
            for peer in {line.to for line in talker.script}:
                await self._read(device, talker, peer, written)
            await device.leave()
            assert list(talker.diary.log) == list(range(1, device.welcome["head"] + 1)), "a log with a hole"
        assert {text: (sender, to) for text, (sender, to, _) in written.items()} == said
        self._compare_logs(written)

    async def _read(self, device: Device, talker: Talker, peer: str, written: dict[str, tuple[str, str, int]]) -> None:
        """A conversation by its history; what the talker has said in it goes into ``written``."""
        messages: list[Frame] = []
        more = True
        while more:
            page = await device.ok("history", peer=peer, after=len(messages), limit=200)
            messages += page["messages"]
            more = page["more"]
        assert [message["n"] for message in messages] == list(range(1, len(messages) + 1))
        own = [message for message in messages if message["from"] == talker.user]
        assert [message["text"] for message in own] == [line.text for line in talker.script if line.to == peer]
        for message in own:
            assert message["text"] not in written, "the same message twice"
            assert talker.answers[message["text"]]["n"] == message["n"], "answered with another number"
            written[message["text"]] = talker.user, peer, message["n"]

    def _compare_logs(self, written: dict[str, tuple[str, str, int]]) -> None:
        """Each message stands once in the log of its sender and once in that of its recipient."""
        expected = {talker.user: set[tuple[str, int]]() for talker in self.talkers}
        for sender, to, n in written.values():
            expected[sender].add((to, n))
            expected[to].add((sender, n))
        for talker in self.talkers:
            entries = [(entry["peer"], entry["n"]) for entry in talker.diary.log.values()]
            assert len(entries) == len(set(entries))
            assert set(entries) == expected[talker.user]
            for entry in talker.diary.log.values():
                if entry["type"] == "message":
                    assert written[entry["text"]][2] == entry["n"]
