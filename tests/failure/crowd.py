"""People on all nodes who write without end, whatever happens, and are then held to what they were promised.

Everybody has two devices on different nodes and writes to two others. Beside them: strangers who write to closed
doors, and people who block somebody while that one writes.
"""

import asyncio
import itertools
from collections.abc import Sequence

from tests.failure.phone import Frame, Phone
from tests.scenes.serving import SECONDS, Host, Server

PACE = 0.15
"""Seconds between the answer to a message and the next one of the same conversation."""

GREETING = 64
"""Greetings at once: what comes back from a restart is spread, and this process is one that does all of it."""

QUIET_SECONDS = 10.0
"""After the last answer: how long events may take. The design says 2 s; this machine does other things, too."""


class Crowd:
    def __init__(self, nodes: Sequence[Server], name: str, *, people: int = 24, writers: int = 24, phones: int = 2):
        """``writers`` of the ``people`` write; the others only have their devices connected."""
        self.nodes = nodes
        self.faults: list[str] = []
        self.phones: dict[str, list[Phone]] = {}
        self.sent: dict[tuple[str, str], list[tuple[str, Frame]]] = {}
        """(sender, recipient): each text, in its order, and the reply."""
        self.acknowledged = self.refused = 0
        self.blocks: set[tuple[str, str]] = set()
        """(who, whom), once that is answered."""
        self._name = name
        self._people = [f"{name}-{number}" for number in range(people)]
        self._writers = self._people[:writers]
        self._phones_each = phones
        self._strangers = [(f"{name}-stranger{number}", f"{name}-hermit{number}") for number in range(2)]
        self._blocking = [(f"{name}-target{number}", f"{name}-pest{number}") for number in range(4)]
        self._writing = True
        self._chats: list[asyncio.Task[None]] = []
        self._grew = asyncio.Event()
        self._turns = itertools.count()
        self._gate = asyncio.Semaphore(GREETING)

    async def gather(self, host: Host) -> None:
        """Let the host application make everybody, connect them, and let them begin."""
        open_doors = [*self._people, *itertools.chain(*self._blocking)]
        await self._make(host, dict.fromkeys(open_doors, "anyone"))
        await self._make(host, dict.fromkeys(itertools.chain(*self._strangers), "nobody"))
        for user in (*open_doors, *itertools.chain(*self._strangers)):
            self.phones[user] = [self._phone(user) for _ in range(self._phones_each)]
        for phones in self.phones.values():
            for phone in phones:
                await phone.greeted()
        number = len(self._writers)
        for place, user in enumerate(self._writers):
            for step in {1, 5 % number} - {0}:
                self._chat(user, self._writers[(place + step) % number])
        for sender, recipient in [*self._strangers, *((pest, target) for target, pest in self._blocking)]:
            self._chat(sender, recipient)

    async def _make(self, host: Host, doors: dict[str, str]) -> None:
        waiting = list(doors.items())

        async def worker() -> None:
            while waiting:
                user, policy = waiting.pop()
                await host.person(user, dm_policy=policy)

        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(worker())

    def _phone(self, user: str) -> Phone:
        return Phone(user, self.nodes, next(self._turns), self.fault, self._gate)

    def fault(self, what: str) -> None:
        self.faults.append(what)
        self._grew.set()

    def _chat(self, sender: str, recipient: str) -> None:
        self._chats.append(asyncio.create_task(self._write(sender, recipient)))

    async def _write(self, sender: str, recipient: str) -> None:
        phone = self.phones[sender][0]
        said = self.sent[sender, recipient] = []
        for number in itertools.count():
            text = f"{sender} to {recipient}: {number}"
            reply = await phone.ask("send", to=recipient, text=text, nonce=text)
            if reply["type"] == "sent":
                said.append((text, reply))
                self.acknowledged += 1
                self._grew.set()
            elif reply["code"] == "not_allowed":
                self.refused += 1
                if (recipient, sender) in self._blocking:
                    return
            else:
                self.fault(f"{sender}: {reply}")
            if not self._writing:
                return
            await asyncio.sleep(PACE)

    async def grow(self, more: int) -> None:
        """Wait until so many messages more are acknowledged."""
        enough = self.acknowledged + more
        async with asyncio.timeout(SECONDS):
            while self.acknowledged < enough and not self.faults:
                self._grew.clear()
                await self._grew.wait()
        assert self.faults == [], self.faults[:5]

    async def block(self, which: int) -> None:
        """One of four blocks whoever writes to them."""
        target, pest = self._blocking[which]
        await self.phones[target][0].ask("block", user=pest)
        self.blocks.add((target, pest))

    async def settle(self) -> None:
        """Let everybody finish their last sentence."""
        self._writing = False
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*self._chats)
        assert self.faults == [], self.faults[:5]

    async def end(self) -> None:
        for chat in self._chats:
            chat.cancel()
        await asyncio.gather(*self._chats, return_exceptions=True)
        await asyncio.gather(*(phone.end() for phones in self.phones.values() for phone in phones))

    # The verdict.

    async def account(self) -> None:
        """Durable, Once, Dense, Ordered, Allowed: over all devices, and both histories of each conversation."""
        await self.settle()
        involved = {user for chat in self.sent for user in chat}
        auditors = {user: self._phone(user) for user in involved}
        try:
            for user, auditor in auditors.items():
                await auditor.greeted()
                head = auditor.welcomes[0]["head"]
                for phone in self.phones[user]:
                    # Not asked for anything: what was lost on the way must come by itself.
                    await phone.heard(lambda phone=phone, head=head: phone.cursor >= head, QUIET_SECONDS)
            for (sender, recipient), said in self.sent.items():
                await self._compare(auditors, sender, recipient, said)
            for user, auditor in auditors.items():
                await self._compare_logs(user, auditor)
        finally:
            await asyncio.gather(*(auditor.end() for auditor in auditors.values()))
        assert self.faults == [], self.faults[:5]
        for target, pest in self._blocking:
            if (target, pest) in self.blocks:
                # Nothing else has ever happened to them: the block is the last of their log, and no message follows.
                for phone in self.phones[target]:
                    assert phone.cursor == len(self.sent[pest, target]) + 1
                    assert phone.log[phone.cursor]["type"] in ("ok", "conversation")
        for stranger, hermit in self._strangers:
            assert self.sent[stranger, hermit] == []
            assert {phone.cursor for phone in self.phones[hermit]} == {0}
        for user in self.phones.keys() - involved:
            assert {phone.cursor for phone in self.phones[user]} == {0}, "who was written nothing has heard nothing"
        assert self.refused >= len(self._strangers), "nobody has tried a closed door"

    async def _compare(
        self, auditors: dict[str, Phone], sender: str, recipient: str, said: list[tuple[str, Frame]]
    ) -> None:
        blocked = (recipient, sender) in self.blocks
        for reader, peer in ((sender, recipient), (recipient, sender)):
            if not said:
                continue
            messages = await _history(auditors[reader], peer)
            assert [message["n"] for message in messages] == list(range(1, len(messages) + 1)), "Dense"
            found = [(message["text"], message["n"]) for message in messages if message["from"] == sender]
            expected = [(text, reply["n"]) for text, reply in said]
            if blocked and reader == recipient:
                expected = [("", n) for _, n in expected]  # hidden from whoever blocks
            assert found == expected, f"{reader} and {peer}: Durable, Once, Ordered"

    async def _compare_logs(self, user: str, auditor: Phone) -> None:
        events: list[Frame] = []
        more = auditor.welcomes[0]["head"] > 0
        while more:
            page = await auditor.ask("sync", after=events[-1]["seq"] if events else 0)
            events += page["events"]
            more = bool(page["events"]) and events[-1]["seq"] < page["head"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "Dense"
        truth = [_told(event) for event in events]
        for phone in self.phones[user]:
            heard = [_told(phone.log[seq]) for seq in sorted(phone.log)]
            assert len(heard) == len(truth), user
            for mine, theirs in zip(heard, truth, strict=True):
                # Who blocks is shown no more of the peer's: a device may have heard it before.
                assert mine == theirs or "hidden" in (mine[0], theirs[0]), user


def _told(event: Frame) -> tuple[object, ...]:
    """What an event says, whether it came as such or as the reply that stands for it."""
    if event["type"] in ("message", "sent"):
        return "message", event["peer"], event["n"], event["from"], event["text"], event["at"], event["folder"]
    return ("hidden",) if event["type"] == "hidden" else ("other",)


async def _history(auditor: Phone, peer: str) -> list[Frame]:
    messages: list[Frame] = []
    while True:
        page = await auditor.ask("history", peer=peer, after=len(messages), limit=200)
        assert page["type"] == "history", page
        messages += page["messages"]
        if not page["more"]:
            return messages
