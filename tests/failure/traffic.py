"""People on all nodes who write without end, whatever happens, and are then held to what they were promised.

Everybody has two devices on different nodes and writes to two others. Beside them: strangers who write to closed
doors, and people who block somebody while that one writes.
"""

import asyncio
import itertools
from collections.abc import Sequence

from tests.e2e.server_process import TIMEOUT, HostApp, Server
from tests.failure.resilient_device import Frame, ResilientDevice

SEND_INTERVAL = 0.15
"""Seconds between the answer to a message and the next one of the same conversation."""

MAX_CONCURRENT_HANDSHAKES = 64
"""Greetings at once: what comes back from a restart is spread, and this process is one that does all of it."""

SETTLE_TIMEOUT = 10.0
"""After the last answer: how long events may take. The design says 2 s; this machine does other things, too."""


class Traffic:
    def __init__(
        self, nodes: Sequence[Server], name: str, *, users: int = 24, writing_users: int = 24, devices_per_user: int = 2
    ):
        """``writers`` of the ``people`` write; the others only have their devices connected."""
        self.nodes = nodes
        self.faults: list[str] = []
        self.devices: dict[str, list[ResilientDevice]] = {}
        self.sent: dict[tuple[str, str], list[tuple[str, Frame]]] = {}
        """(sender, recipient): each text, in its order, and the reply."""
        self.acknowledged = self.refused = 0
        self.blocks: set[tuple[str, str]] = set()
        """(who, whom), once that is answered."""
        self._name = name
        self._users = [f"{name}-{number}" for number in range(users)]
        self._writers = self._users[:writing_users]
        self._devices_per_user = devices_per_user
        self._refused_pairs = [(f"{name}-stranger{number}", f"{name}-hermit{number}") for number in range(2)]
        self._blocking_pairs = [(f"{name}-target{number}", f"{name}-pest{number}") for number in range(4)]
        self._writing = True
        self._writer_tasks: list[asyncio.Task[None]] = []
        self._progressed = asyncio.Event()
        self._node_counter = itertools.count()
        self._handshake_slots = asyncio.Semaphore(MAX_CONCURRENT_HANDSHAKES)

    async def start(self, host: HostApp) -> None:
        """Let the host application make everybody, connect them, and let them begin."""
        open_doors = [*self._users, *itertools.chain(*self._blocking_pairs)]
        await self._create_users(host, dict.fromkeys(open_doors, "anyone"))
        await self._create_users(host, dict.fromkeys(itertools.chain(*self._refused_pairs), "nobody"))
        for user in (*open_doors, *itertools.chain(*self._refused_pairs)):
            self.devices[user] = [self._new_device(user) for _ in range(self._devices_per_user)]
        for phones in self.devices.values():
            for phone in phones:
                await phone.wait_online()
        number = len(self._writers)
        for place, user in enumerate(self._writers):
            for step in {1, 5 % number} - {0}:
                self._start_writer(user, self._writers[(place + step) % number])
        for sender, recipient in [*self._refused_pairs, *((pest, target) for target, pest in self._blocking_pairs)]:
            self._start_writer(sender, recipient)

    async def _create_users(self, host: HostApp, policies: dict[str, str]) -> None:
        waiting = list(policies.items())

        async def worker() -> None:
            while waiting:
                user, policy = waiting.pop()
                await host.put_user(user, dm_policy=policy)

        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(worker())

    def _new_device(self, user: str) -> ResilientDevice:
        return ResilientDevice(user, self.nodes, next(self._node_counter), self.on_fault, self._handshake_slots)

    def on_fault(self, what: str) -> None:
        self.faults.append(what)
        self._progressed.set()

    def _start_writer(self, sender: str, recipient: str) -> None:
        self._writer_tasks.append(asyncio.create_task(self._write(sender, recipient)))

    async def _write(self, sender: str, recipient: str) -> None:
        phone = self.devices[sender][0]
        said = self.sent[sender, recipient] = []
        for number in itertools.count():
            text = f"{sender} to {recipient}: {number}"
            reply = await phone.request("send", to=recipient, text=text, nonce=text)
            if reply["type"] == "sent":
                said.append((text, reply))
                self.acknowledged += 1
                self._progressed.set()
            elif reply["code"] == "not_allowed":
                self.refused += 1
                if (recipient, sender) in self._blocking_pairs:
                    return
            else:
                self.on_fault(f"{sender}: {reply}")
            if not self._writing:
                return
            await asyncio.sleep(SEND_INTERVAL)

    async def wait_for_messages(self, more: int) -> None:
        """Wait until so many messages more are acknowledged."""
        enough = self.acknowledged + more
        async with asyncio.timeout(TIMEOUT):
            while self.acknowledged < enough and not self.faults:
                self._progressed.clear()
                await self._progressed.wait()
        assert self.faults == [], self.faults[:5]

    async def block(self, index: int) -> None:
        """One of four blocks whoever writes to them."""
        target, pest = self._blocking_pairs[index]
        await self.devices[target][0].request("block", user=pest)
        self.blocks.add((target, pest))

    async def stop_writing(self) -> None:
        """Let everybody finish their last sentence."""
        self._writing = False
        async with asyncio.timeout(TIMEOUT):
            await asyncio.gather(*self._writer_tasks)
        assert self.faults == [], self.faults[:5]

    async def close(self) -> None:
        for chat in self._writer_tasks:
            chat.cancel()
        await asyncio.gather(*self._writer_tasks, return_exceptions=True)
        await asyncio.gather(*(phone.close() for phones in self.devices.values() for phone in phones))

    # The verdict.

    async def verify(self) -> None:
        """Durable, Once, Dense, Ordered, Allowed: over all devices, and both histories of each conversation."""
        await self.stop_writing()
        involved = {user for chat in self.sent for user in chat}
        auditors = {user: self._new_device(user) for user in involved}
        try:
            for user, auditor in auditors.items():
                await auditor.wait_online()
                head = auditor.welcomes[0]["head"]
                for phone in self.devices[user]:
                    # Not asked for anything: what was lost on the way must come by itself.
                    await phone.wait_for(lambda phone=phone, head=head: phone.cursor >= head, SETTLE_TIMEOUT)
            for (sender, recipient), said in self.sent.items():
                await self._verify_histories(auditors, sender, recipient, said)
            for user, auditor in auditors.items():
                await self._verify_logs(user, auditor)
        finally:
            await asyncio.gather(*(auditor.close() for auditor in auditors.values()))
        assert self.faults == [], self.faults[:5]
        for target, pest in self._blocking_pairs:
            if (target, pest) in self.blocks:
                # Nothing else has ever happened to them: the block is the last of their log, and no message follows.
                for phone in self.devices[target]:
                    assert phone.cursor == len(self.sent[pest, target]) + 1
                    assert phone.log[phone.cursor]["type"] in ("ok", "conversation")
        for stranger, hermit in self._refused_pairs:
            assert self.sent[stranger, hermit] == []
            assert {phone.cursor for phone in self.devices[hermit]} == {0}
        for user in self.devices.keys() - involved:
            assert {phone.cursor for phone in self.devices[user]} == {0}, "who was written nothing has heard nothing"
        assert self.refused >= len(self._refused_pairs), "nobody has tried a closed door"

    async def _verify_histories(
        self, auditors: dict[str, ResilientDevice], sender: str, recipient: str, said: list[tuple[str, Frame]]
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

    async def _verify_logs(self, user: str, auditor: ResilientDevice) -> None:
        events: list[Frame] = []
        more = auditor.welcomes[0]["head"] > 0
        while more:
            page = await auditor.request("sync", after=events[-1]["seq"] if events else 0)
            events += page["events"]
            more = bool(page["events"]) and events[-1]["seq"] < page["head"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "Dense"
        for phone in self.devices[user]:
            heard = [phone.log[seq] for seq in sorted(phone.log)]
            assert len(heard) == len(events), user
            for received, logged in zip(heard, events, strict=True):
                assert _is_same_event(received, logged), f"{user}: {received} for {logged}"


def _is_same_event(received: Frame, logged: Frame) -> bool:
    """Whether a device received what the log has under this seq: as an event, or as the reply in its place."""
    kinds = {received["type"], logged["type"]}
    if "hidden" in kinds:
        return True  # events of a peer blocked since are hidden; a device may have received them before
    if received["type"] == "ok":
        return logged["type"] == "conversation"  # the reply to a block, which says no more
    if kinds <= {"message", "sent"}:
        return _message(received) == _message(logged)
    return received == logged


def _message(frame: Frame) -> tuple[object, ...]:
    return tuple(frame[field] for field in ("peer", "n", "from", "text", "at", "folder"))


async def _history(auditor: ResilientDevice, peer: str) -> list[Frame]:
    messages: list[Frame] = []
    while True:
        page = await auditor.request("history", peer=peer, after=len(messages), limit=200)
        assert page["type"] == "history", page
        messages += page["messages"]
        if not page["more"]:
            return messages
