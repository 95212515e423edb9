"""A process killed in the middle of its commits: all acknowledged messages are there."""

import random
import subprocess
import sys
from pathlib import Path

from bussa_server.adapters.sqlite import SqliteStore, checking
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent
from tests.commands import Send
from tests.contracts.actions import StoreActions

ROUNDS = 4


def killed_writer(folder: Path, turn: int, lines: int) -> list[tuple[Command, MessageSent]]:
    """The messages that a process had acknowledged when it was killed, after at least ``lines`` of them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.sqlite_writer", str(folder), str(turn)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        # The last line may be cut.
        printed += [line for line in process.stdout.readlines() if line.endswith("\n")]
    assert process.returncode == -9
    acknowledged: list[tuple[Command, MessageSent]] = []
    for line in printed:
        user, to, nonce, n, seq = line.split()
        send = Send(user, to, nonce.replace("-", " "), nonce)
        acknowledged.append((send, MessageSent(to, int(n), int(seq), 0, "inbox")))
    return acknowledged


async def test_acknowledged_messages_survive_kill_9(tmp_path: Path) -> None:
    rng = random.Random(9)
    acknowledged: list[tuple[Command, MessageSent]] = []
    for turn in range(ROUNDS):
        acknowledged += killed_writer(tmp_path, turn, rng.randint(1, 900))
        assert checking.check(tmp_path).problems == []
    assert len(acknowledged) > 100

    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    stored: dict[tuple[str, str], dict[int, tuple[str, str]]] = {}
    for send, sent in acknowledged:
        pair = (send.user, send.request.to)
        if pair not in stored:
            stored[pair] = {}
            after = 0
            while page := await actions.history(*pair, after=after, limit=200):
                stored[pair] |= {message.n: (message.sender, message.text) for message in page}
                after = page[-1].n
        assert stored[pair][sent.n] == (send.user, send.request.text)
    # A retry returns the first answer, and delivers nothing again.
    heads = await store.heads(["ann", "bob", "cy", "dee"])
    for send, sent in acknowledged[:: max(1, len(acknowledged) // 200)]:
        (again,) = await actions.do(send)
        assert isinstance(again, MessageSent)
        assert (again.peer, again.n, again.seq, again.folder) == (sent.peer, sent.n, sent.seq, sent.folder)
    assert await store.heads(heads) == heads
    # Messages of every round are found, whether indexed before or after a kill.
    for turn in range(ROUNDS):
        anns = [text for pair, messages in stored.items() if pair[0] == "ann" for _, text in messages.values()]
        expected = sum(text.startswith(f"{turn} ") for text in anns)
        hits = [hit for hit in await actions.search("ann", str(turn), limit=200) if hit.text.startswith(f"{turn} ")]
        assert len(hits) >= expected > 0
        assert len({(hit.peer, hit.n) for hit in hits}) == len(hits)
    await store.close()
    assert checking.check(tmp_path).problems == []
