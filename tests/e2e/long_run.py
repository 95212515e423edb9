"""Users who exchange messages while their server is killed, drained and restarted.

Each user sends the messages of a script in order, several ahead of their replies. After a disconnect it reconnects,
resumes, and retries what was not answered under the same nonces.
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
"""Unanswered sends of one user."""


class ScriptedMessage(NamedTuple):
    to: str
    text: str
    """Unique in the run; also the nonce."""


class SimulatedUser:
    def __init__(self, run: "LongRun", name: str, codec: str, script: list[ScriptedMessage]) -> None:
        self.name = name
        self.script = script
        self.replies: dict[str, Frame] = {}
        """The ``sent`` reply, by text."""
        self.journal = Journal()
        self.reconnects = 0
        self._run = run
        self._codec = codec

    async def run(self) -> None:
        """Send the script to its end, whatever happens to the server."""
        while len(self.replies) < len(self.script):
            await self._run.server_up.wait()
            try:
                device = await self.connect()
            except (DisconnectedError, OSError, InvalidHandshake, EOFError):
                await asyncio.sleep(0.01)  # the server is stopping or starting, and nothing signals when it is up
                continue
            self._run.online.add(self.name)
            self._run.on_progress()
            try:
                await self._send_script(device)
            except DisconnectedError as gone:
                self._run.close_codes.append(gone.args[0])
            finally:
                self._run.online.discard(self.name)
                await device.close()

    async def connect(self) -> Device:
        returning = self.journal.seq is not None
        device = await connect(self._run.server, sign_token(self.name), codec=self._codec, journal=self.journal)
        assert device.welcome["resumed"] is returning, "a returning device must resume"
        self.reconnects += returning
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
    """``users`` who send ``messages`` in all."""

    def __init__(self, server: Server, users: int, messages: int, rng: random.Random) -> None:
        self.server = server
        self.server_up = asyncio.Event()
        self.answered_count = 0
        self.close_codes: list[int | None] = []
        self.online: set[str] = set()
        """The users who are connected."""
        self.on_progress: Callable[[], None] = lambda: None
        names = [f"p{number}" for number in range(users)]
        self.users: list[SimulatedUser] = []
        for number, name in enumerate(names):
            friends = rng.sample([other for other in names if other != name], min(10, users - 1))
            script = [ScriptedMessage(rng.choice(friends), f"{name}: {k}") for k in range(messages // users)]
            self.users.append(SimulatedUser(self, name, CODECS[number % 2], script))

    async def create_users(self) -> None:
        """Create the users, and connect each once."""
        host = HostApp(self.server)
        for user in self.users:
            await host.put_user(user.name, dm_policy="anyone")
        await host.close()
        for user in self.users:
            # Before the first message: a first connection after it would start in the middle of the log.
            await (await user.connect()).close()
        self.server_up.set()

    async def wait_until_answered(self, answered: int) -> None:
        """Wait until ``answered`` messages have their reply."""
        await self._wait_until(lambda: self.answered_count >= answered)

    async def wait_until_online(self) -> None:
        """Wait until every user who has something left to send is connected."""
        await self._wait_until(
            lambda: all(user.name in self.online or len(user.replies) == len(user.script) for user in self.users)
        )

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        reached = asyncio.Event()

        def progress() -> None:
            if condition():
                reached.set()

        self.on_progress = progress
        progress()
        await reached.wait()

    async def verify(self) -> None:
        """Check Durable, Once, Dense and Ordered over all histories and logs."""
        scripted = {line.text: (user.name, line.to) for user in self.users for line in user.script}
        written: dict[str, tuple[str, str, int]] = {}
        for user in self.users:
            device = await user.connect()
            await device.remaining_events()
            for peer in {line.to for line in user.script}:
                await self._verify_conversation(device, user, peer, written)
            await device.close()
            assert list(user.journal.log) == list(range(1, device.welcome["head"] + 1)), "the log has a hole"
        assert {text: (sender, to) for text, (sender, to, _) in written.items()} == scripted
        self._verify_logs(written)

    async def _verify_conversation(
        self, device: Device, user: SimulatedUser, peer: str, written: dict[str, tuple[str, str, int]]
    ) -> None:
        """Check the history with ``peer``, and add the messages of ``user`` to ``written``."""
        messages: list[Frame] = []
        more = True
        while more:
            page = await device.ok("history", peer=peer, after=len(messages), limit=200)
            messages += page["messages"]
            more = page["more"]
        assert [message["n"] for message in messages] == list(range(1, len(messages) + 1))
        own = [message for message in messages if message["from"] == user.name]
        assert [message["text"] for message in own] == [line.text for line in user.script if line.to == peer]
        for message in own:
            assert message["text"] not in written, "a duplicate message"
            assert user.replies[message["text"]]["n"] == message["n"], "the reply had another n"
            written[message["text"]] = user.name, peer, message["n"]

    def _verify_logs(self, written: dict[str, tuple[str, str, int]]) -> None:
        """Each message is once in the log of its sender and once in that of its recipient."""
        expected = {user.name: set[tuple[str, int]]() for user in self.users}
        for sender, to, n in written.values():
            expected[sender].add((to, n))
            expected[to].add((sender, n))
        for user in self.users:
            entries = [(entry["peer"], entry["n"]) for entry in user.journal.log.values()]
            assert len(entries) == len(set(entries))
            assert set(entries) == expected[user.name]
            for entry in user.journal.log.values():
                if entry["type"] == "message":
                    assert written[entry["text"]][2] == entry["n"]
