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

from tests.e2e.device import CODECS, Device, DisconnectedError, Frame, Journal, connect
from tests.e2e.server_process import HostApp, Server, sign_token

MAX_IN_FLIGHT = 8
"""Sends of one person that wait for their answers."""


class ScriptedMessage(NamedTuple):
    to: str
    text: str
    """Unique in the town; its nonce, too."""


class SimulatedUser:
    def __init__(self, run: "LongRun", user: str, codec: str, script: list[ScriptedMessage]) -> None:
        self.user = user
        self.script = script
        self.replies: dict[str, Frame] = {}
        """Each text's ``sent``."""
        self.journal = Journal()
        self.reconnects = 0
        self._run = run
        self._codec = codec

    async def run(self) -> None:
        """Say it all, whatever happens to the server."""
        while len(self.replies) < len(self.script):
            await self._run.server_up.wait()
            try:
                device = await self.connect()
            except (DisconnectedError, OSError, InvalidHandshake, EOFError):
                await asyncio.sleep(0.01)  # it is going down, or not up yet: nothing tells when
                continue
            try:
                await self._send_script(device)
            except DisconnectedError as gone:
                self._run.close_codes.append(gone.args[0])
            finally:
                await device.close()

    async def connect(self) -> Device:
        asleep = self.journal.seq is not None
        device = await connect(self._run.server, sign_token(self.user), codec=self._codec, journal=self.journal)
        assert device.welcome["resumed"] is asleep, "whoever comes back goes on where they were"
        self.reconnects += asleep
        return device

    async def _send_script(self, device: Device) -> None:
        todo = deque(line for line in self.script if line.text not in self.replies)
        waiting: deque[tuple[ScriptedMessage, asyncio.Future[Frame]]] = deque()
        while todo or waiting:
            if todo and len(waiting) < MAX_IN_FLIGHT:
                line = todo.popleft()
                future = await device.submit("send", retry=True, to=line.to, text=line.text, nonce=line.text)
                waiting.append((line, future))
                continue
            line, future = waiting.popleft()
            reply = await future
            assert reply["type"] == "sent", reply
            self.replies[line.text] = reply
            self._run.answered_count += 1
            self._run.on_progress()


class LongRun:
    """``people`` who say ``messages`` in all. The server must be running when it is founded."""

    def __init__(self, server: Server, users: int, messages: int, rng: random.Random) -> None:
        self.server = server
        self.server_up = asyncio.Event()
        self.answered_count = 0
        self.close_codes: list[int | None] = []
        self.on_progress: Callable[[], None] = lambda: None
        names = [f"p{number}" for number in range(users)]
        self.users: list[SimulatedUser] = []
        for number, name in enumerate(names):
            friends = rng.sample([other for other in names if other != name], min(10, users - 1))
            script = [ScriptedMessage(rng.choice(friends), f"{name} says {k}") for k in range(messages // users)]
            self.users.append(SimulatedUser(self, name, CODECS[number % 2], script))

    async def create_users(self) -> None:
        """Let the host application make its people, and each look in once."""
        host = HostApp(self.server)
        for talker in self.users:
            await host.put_user(talker.user, dm_policy="anyone")
        await host.close()
        for talker in self.users:
            # Before anybody says anything: whoever came only then would begin in the middle of the log.
            await (await talker.connect()).close()
        self.server_up.set()

    async def wait_until_answered(self, answered: int) -> None:
        """Wait until so many messages are answered."""
        reached = asyncio.Event()

        def progress() -> None:
            if self.answered_count >= answered:
                reached.set()

        self.on_progress = progress
        progress()
        await reached.wait()

    async def verify(self) -> None:
        """Hold the town to what it was promised: what was answered is there, once, in both logs, in order."""
        said = {line.text: (talker.user, line.to) for talker in self.users for line in talker.script}
        written: dict[str, tuple[str, str, int]] = {}
        for talker in self.users:
            device = await talker.connect()
            await device.remaining_events()
            for peer in {line.to for line in talker.script}:
                await self._verify_conversation(device, talker, peer, written)
            await device.close()
            assert list(talker.journal.log) == list(range(1, device.welcome["head"] + 1)), "a log with a hole"
        assert {text: (sender, to) for text, (sender, to, _) in written.items()} == said
        self._verify_logs(written)

    async def _verify_conversation(
        self, device: Device, talker: SimulatedUser, peer: str, written: dict[str, tuple[str, str, int]]
    ) -> None:
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
            assert talker.replies[message["text"]]["n"] == message["n"], "answered with another number"
            written[message["text"]] = talker.user, peer, message["n"]

    def _verify_logs(self, written: dict[str, tuple[str, str, int]]) -> None:
        """Each message stands once in the log of its sender and once in that of its recipient."""
        expected = {talker.user: set[tuple[str, int]]() for talker in self.users}
        for sender, to, n in written.values():
            expected[sender].add((to, n))
            expected[to].add((sender, n))
        for talker in self.users:
            entries = [(entry["peer"], entry["n"]) for entry in talker.journal.log.values()]
            assert len(entries) == len(set(entries))
            assert set(entries) == expected[talker.user]
            for entry in talker.journal.log.values():
                if entry["type"] == "message":
                    assert written[entry["text"]][2] == entry["n"]
