"""Traffic on all nodes during faults, and the verification of the guarantees afterwards.

Each user has two devices on different nodes and writes to two others. Besides, some users write to recipients who
refuse them, and some recipients block their sender meanwhile.
"""

import asyncio
import itertools
from collections.abc import Sequence

from tests.e2e.server_process import TIMEOUT, HostApp, Server
from tests.failure.resilient_device import Frame, ResilientDevice

SEND_INTERVAL = 0.15
"""Seconds between the reply to a message and the next one of the same conversation."""

MAX_CONCURRENT_HANDSHAKES = 64
"""Limit of concurrent handshakes after a restart, since this one process makes all of them."""

SETTLE_TIMEOUT = 10.0
"""Seconds that events may take after the last reply: 2 by design, and an allowance for a busy machine."""


class Traffic:
    def __init__(
        self, nodes: Sequence[Server], name: str, *, users: int = 24, writing_users: int = 24, devices_per_user: int = 2
    ):
        """``writing_users`` of the ``users`` write; the others only have their devices connected."""
        self.nodes = nodes
        self.faults: list[str] = []
        self.devices: dict[str, list[ResilientDevice]] = {}
        self.sent: dict[tuple[str, str], list[tuple[str, Frame]]] = {}
        """By (sender, recipient): each text in its order, and its reply."""
        self.acknowledged = self.refused = 0
        self.blocks: set[tuple[str, str]] = set()
        """(blocker, blocked) of each answered block."""
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
        """Create the users, connect their devices, and start writing."""
        reachable_users = [*self._users, *itertools.chain(*self._blocking_pairs)]
        await self._create_users(host, dict.fromkeys(reachable_users, "anyone"))
        await self._create_users(host, dict.fromkeys(itertools.chain(*self._refused_pairs), "nobody"))
        for user in (*reachable_users, *itertools.chain(*self._refused_pairs)):
            self.devices[user] = [self._new_device(user) for _ in range(self._devices_per_user)]
        for devices in self.devices.values():
            for device in devices:
                await device.wait_online()
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
        device = self.devices[sender][0]
        sent = self.sent[sender, recipient] = []
        for number in itertools.count():
            text = f"{sender} to {recipient}: {number}"
            reply = await device.request("send", to=recipient, text=text, nonce=text)
            if reply["type"] == "sent":
                sent.append((text, reply))
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
        """Wait until ``more`` further messages are acknowledged."""
        enough = self.acknowledged + more
        async with asyncio.timeout(TIMEOUT):
            while self.acknowledged < enough and not self.faults:
                self._progressed.clear()
                await self._progressed.wait()
        assert self.faults == [], self.faults[:5]

    async def block(self, index: int) -> None:
        """Let the recipient of blocking pair ``index`` (of four) block its sender."""
        target, pest = self._blocking_pairs[index]
        await self.devices[target][0].request("block", user=pest)
        self.blocks.add((target, pest))

    async def stop_writing(self) -> None:
        """Let every writer finish its current message."""
        self._writing = False
        async with asyncio.timeout(TIMEOUT):
            await asyncio.gather(*self._writer_tasks)
        assert self.faults == [], self.faults[:5]

    async def close(self) -> None:
        for task in self._writer_tasks:
            task.cancel()
        await asyncio.gather(*self._writer_tasks, return_exceptions=True)
        await asyncio.gather(*(device.close() for devices in self.devices.values() for device in devices))

    # Verification.

    async def verify(self) -> None:
        """Check Durable, Once, Dense, Ordered and Allowed: all devices, and both histories of each conversation."""
        await self.stop_writing()
        involved = {user for pair in self.sent for user in pair}
        auditors = {user: self._new_device(user) for user in involved}
        try:
            for user, auditor in auditors.items():
                await auditor.wait_online()
                head = auditor.welcomes[0]["head"]
                for device in self.devices[user]:
                    # Without a request of the device: lost events must be recovered by the server.
                    await device.wait_for(lambda device=device, head=head: device.cursor >= head, SETTLE_TIMEOUT)
            for (sender, recipient), sent in self.sent.items():
                await self._verify_histories(auditors, sender, recipient, sent)
            for user, auditor in auditors.items():
                await self._verify_logs(user, auditor)
        finally:
            await asyncio.gather(*(auditor.close() for auditor in auditors.values()))
        assert self.faults == [], self.faults[:5]
        for target, pest in self._blocking_pairs:
            if (target, pest) in self.blocks:
                # The block is the last event of the target's log: no message follows it.
                for device in self.devices[target]:
                    assert device.cursor == len(self.sent[pest, target]) + 1
                    assert device.log[device.cursor]["type"] in ("ok", "conversation")
        for sender, recipient in self._refused_pairs:
            assert self.sent[sender, recipient] == []
            assert {device.cursor for device in self.devices[recipient]} == {0}
        for user in self.devices.keys() - involved:
            assert {device.cursor for device in self.devices[user]} == {0}, (
                "a user without messages must have an empty log"
            )
        assert self.refused >= len(self._refused_pairs), "no refused sender has tried yet"

    async def _verify_histories(
        self, auditors: dict[str, ResilientDevice], sender: str, recipient: str, sent: list[tuple[str, Frame]]
    ) -> None:
        blocked = (recipient, sender) in self.blocks
        for reader, peer in ((sender, recipient), (recipient, sender)):
            if not sent:
                continue
            messages = await _history(auditors[reader], peer)
            assert [message["n"] for message in messages] == list(range(1, len(messages) + 1)), "Dense"
            found = [(message["text"], message["n"]) for message in messages if message["from"] == sender]
            expected = [(text, reply["n"]) for text, reply in sent]
            if blocked and reader == recipient:
                expected = [("", n) for _, n in expected]  # hidden from the blocker
            assert found == expected, f"{reader} and {peer}: Durable, Once, Ordered"

    async def _verify_logs(self, user: str, auditor: ResilientDevice) -> None:
        events: list[Frame] = []
        more = auditor.welcomes[0]["head"] > 0
        while more:
            page = await auditor.request("sync", after=events[-1]["seq"] if events else 0)
            events += page["events"]
            more = bool(page["events"]) and events[-1]["seq"] < page["head"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "Dense"
        for device in self.devices[user]:
            received_log = [device.log[seq] for seq in sorted(device.log)]
            assert len(received_log) == len(events), user
            for received, logged in zip(received_log, events, strict=True):
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
