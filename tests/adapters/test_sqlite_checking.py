"""`check` finds every kind of damage, and none where there is none."""

from pathlib import Path

import apsw
import pytest

from bussa_protocol.limits import LOG_EVENTS, LOG_MILLIS
from bussa_server.adapters.sqlite import DataFolderError, SqliteStore, checking, database
from bussa_server.domain import commands
from bussa_server.ports.store import BATCH
from tests.contracts.deeds import Deeds


async def lived(folder: Path) -> None:
    """Ann (1) and Bob (2) write to each other, and Cy (3) to Ann; Bob's log has more than messages."""
    store = SqliteStore(folder)
    deeds = Deeds(store)
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "1", "2")
    await deeds.send("bob", "ann", "3")
    await deeds.settings("bob", knocks=True)
    await deeds.send("ann", "bob", "4")
    await deeds.do(commands.MarkRead("bob", "ann", 4))
    await deeds.send("cy", "ann", "1")
    await store.close()


def broken(folder: Path, *statements: str) -> list[str]:
    connection = apsw.Connection(str(folder / database.FILE))
    for statement in statements:
        connection.execute(statement)
        assert connection.changes() > 0
    connection.close()
    return checking.check(folder).complaints


async def test_where_all_is_well_it_says_so_and_counts(tmp_path: Path) -> None:
    await lived(tmp_path)
    report = checking.check(tmp_path)
    assert report.complaints == []
    assert report.summary == "3 people, 2 conversations, 5 messages, 13 events: all agree"


async def test_it_looks_also_while_it_is_served(tmp_path: Path) -> None:
    await lived(tmp_path)
    store = SqliteStore(tmp_path)
    await Deeds(store).send("ann", "bob", "5")
    assert checking.check(tmp_path).complaints == []
    assert "6 messages" in checking.check(tmp_path).summary
    await store.close()


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (
            "DELETE FROM log WHERE owner = 2 AND seq = 4",
            "the log of bob has a hole: 5 events between seq 1 and 6",
        ),
        (
            "DELETE FROM log WHERE owner = 2 AND seq = 1",
            "the log of bob was never trimmed, and yet begins at seq 2",
        ),
        (
            "DELETE FROM messages WHERE pair = 1 AND n = 2",
            "the conversation of ann and bob has a hole: 3 messages, the last is n 4",
        ),
        (
            "DELETE FROM messages WHERE pair = 1 AND n = 1",
            "the conversation of ann and bob has a hole: 3 messages, the last is n 4",
        ),
        (
            "UPDATE messages SET k = 1 WHERE pair = 1 AND n = 4",
            "in the conversation of ann and bob message 4 is miscounted",
        ),
        (
            "DELETE FROM messages WHERE pair = 1 AND n = 3",
            "the log of bob refers to a message (seq 3) that is not there or not of that user",
        ),
        (
            "UPDATE log SET message = 5 WHERE owner = 2 AND seq = 3",
            "the log of bob refers to a message (seq 3) that is not there or not of that user",
        ),
        (
            "DELETE FROM log WHERE owner = 3",
            "message 1 of ann and cy stands in 1 logs that reach back to it, and should in both, once each",
        ),
        (
            "INSERT INTO log SELECT owner, 7, at, peer, message, event, NULL FROM log WHERE owner = 2 AND seq = 5",
            "message 4 of ann and bob stands in 3 logs that reach back to it, and should in both, once each",
        ),
        (
            "UPDATE log SET message = 3 - message WHERE owner = 2 AND seq IN (1, 2)",
            "the log of bob tells the conversation with ann out of order at seq 2",
        ),
        (
            "UPDATE sides SET read = 5 WHERE owner = 2 AND peer = 1",
            "bob has read 5 messages of ann, and there are fewer",
        ),
        (
            "UPDATE sides SET peer_read = 9 WHERE owner = 3 AND peer = 1",
            "cy has read 0 messages of ann, and there are fewer",
        ),
        ("PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'messages_by_n'", "SQLite: "),
    ],
)
async def test_it_finds(tmp_path: Path, damage: str, complaint: str) -> None:
    await lived(tmp_path)
    complaints = broken(tmp_path, damage)
    assert any(found.startswith(complaint) for found in complaints), complaints
    assert checking.check(tmp_path).summary.endswith("SOMETHING IS WRONG")


async def test_of_one_kind_it_shows_some(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    deeds = Deeds(store)
    users = [f"u{i:03}" for i in range(checking.SHOWN + 5)]
    await deeds.people(*users)
    for user in users[1:]:
        await deeds.send(user, users[0], "1", "2", "3")
    await store.close()
    complaints = broken(tmp_path, "UPDATE log SET seq = 9 WHERE owner > 1 AND seq = 3")
    assert len(complaints) == checking.SHOWN + 1
    assert complaints[-1] == "… and more of the same kind"


async def test_a_log_that_was_trimmed_to_its_last_message_or_beyond_is_no_damage(tmp_path: Path) -> None:
    await lived(tmp_path)
    store = SqliteStore(tmp_path)
    deeds = Deeds(store)
    deeds.now += 1_000_000
    for start in range(0, LOG_EVENTS + 10, BATCH):
        await deeds.commit(
            *(
                commands.ChangeSettings("bob", commands.SettingsChange(read_receipts=i % 2 == 1))
                for i in range(start, min(start + BATCH, LOG_EVENTS + 10))
            )
        )
    await store.trim(deeds.now + LOG_MILLIS)
    assert (await store.log("bob", 0, 1)).tail > 7
    await store.close()
    assert checking.check(tmp_path).complaints == []


async def test_what_can_not_be_read_is_said_in_a_word(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        checking.check(tmp_path)
    path = tmp_path / database.FILE
    path.write_bytes(b"no database at all " * 99)
    with pytest.raises(DataFolderError, match="can't be read"):
        checking.check(tmp_path)
    path.unlink()
    apsw.Connection(str(path)).execute("CREATE TABLE theirs (x)")
    with pytest.raises(DataFolderError, match="can't be read"):
        checking.check(tmp_path)
