"""A process that is killed in the middle of its commits: all that it had acknowledged is there."""

import random
import subprocess
import sys
from pathlib import Path

from bussa_server.adapters.sqlite import SqliteStore, checking
from bussa_server.domain.commands import Send
from bussa_server.domain.unit_of_work import MessageSent
from tests.contracts.actions import StoreActions

ROUNDS = 4


def killed_writer(folder: Path, turn: int, lines: int) -> list[tuple[Send, MessageSent]]:
    """What a process had acknowledged when it was killed, after some lines and at no particular moment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.sqlite_writer", str(folder), str(turn)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        # The last line may have been cut.
        told += [line for line in process.stdout.readlines() if line.endswith("\n")]
    assert process.returncode == -9
    acknowledged: list[tuple[Send, MessageSent]] = []
    for line in told:
        user, to, nonce, n, seq = line.split()
        send = Send(user, to, nonce.replace("-", " "), nonce)
        acknowledged.append((send, MessageSent(to, int(n), int(seq), 0, "inbox")))
    return acknowledged


async def test_acknowledged_messages_survive_kill_9(tmp_path: Path) -> None:
    chance = random.Random(9)
    acknowledged: list[tuple[Send, MessageSent]] = []
    for turn in range(ROUNDS):
        acknowledged += killed_writer(tmp_path, turn, chance.randint(1, 900))
        assert checking.check(tmp_path).problems == []
    assert len(acknowledged) > 100

    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    there: dict[tuple[str, str], dict[int, tuple[str, str]]] = {}
    for send, sent in acknowledged:
        pair = (send.user, send.to)
        if pair not in there:
            there[pair] = {}
            after = 0
            while page := await actions.history(*pair, after=after, limit=200):
                there[pair] |= {message.n: (message.sender, message.text) for message in page}
                after = page[-1].n
        assert there[pair][sent.n] == (send.user, send.text)
    # Each is answered as it was, and delivered no second time.
    heads = await store.heads(["ann", "bob", "cy", "dee"])
    for send, sent in acknowledged[:: max(1, len(acknowledged) // 200)]:
        (again,) = await actions.do(send)
        assert isinstance(again, MessageSent)
        assert (again.peer, again.n, again.seq, again.folder) == (sent.peer, sent.n, sent.seq, sent.folder)
    assert await store.heads(heads) == heads
    # What was indexed before, between and after the kills is found alike.
    for turn in range(ROUNDS):
        anns = [text for pair, messages in there.items() if pair[0] == "ann" for _, text in messages.values()]
        expected = sum(text.startswith(f"{turn} ") for text in anns)
        hits = [hit for hit in await actions.search("ann", str(turn), limit=200) if hit.text.startswith(f"{turn} ")]
        assert len(hits) >= expected > 0
        assert len({(hit.peer, hit.n) for hit in hits}) == len(hits)
    await store.close()
    assert checking.check(tmp_path).problems == []
