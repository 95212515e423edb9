"""`check` finds every kind of damage, and reports none for an intact folder."""

from pathlib import Path

import apsw
import pytest

from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.adapters.sqlite import DataFolderError, SqliteStore, checking, database
from bussa_server.ports.store import MAX_BATCH
from tests import commands
from tests.contracts.actions import StoreActions


async def fill_folder(folder: Path) -> None:
    """Ann (1) and Bob (2) write to each other, and Cy (3) to Ann. Bob's log also has other events than messages."""
    store = SqliteStore(folder)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "1", "2")
    await actions.send("bob", "ann", "3")
    await actions.settings("bob", knocks=True)
    await actions.send("ann", "bob", "4")
    await actions.do(commands.MarkRead("bob", "ann", 4))
    await actions.send("cy", "ann", "1")
    await store.close()


def problems_after(folder: Path, *statements: str) -> list[str]:
    connection = apsw.Connection(str(folder / database.FILE_NAME))
    for statement in statements:
        connection.execute(statement)
        assert connection.changes() > 0
    connection.close()
    return checking.check(folder).problems


async def test_check_of_intact_folder_reports_counts(tmp_path: Path) -> None:
    await fill_folder(tmp_path)
    report = checking.check(tmp_path)
    assert report.problems == []
    assert report.summary == "3 users, 2 conversations, 5 messages, 13 events: OK"


async def test_check_works_while_folder_is_served(tmp_path: Path) -> None:
    await fill_folder(tmp_path)
    store = SqliteStore(tmp_path)
    await StoreActions(store).send("ann", "bob", "5")
    assert checking.check(tmp_path).problems == []
    assert "6 messages" in checking.check(tmp_path).summary
    await store.close()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            "DELETE FROM log WHERE owner = 2 AND seq = 4",
            "the log of bob has a hole: 5 events between seq 1 and 6",
        ),
        (
            "DELETE FROM log WHERE owner = 2 AND seq = 1",
            "the log of bob was never trimmed, but begins at seq 2",
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
            "in the conversation of ann and bob message 4 has a wrong count",
        ),
        (
            "DELETE FROM messages WHERE pair = 1 AND n = 3",
            "the log of bob refers to a message (seq 3) that does not exist or is not of that user",
        ),
        (
            "UPDATE log SET message = 5 WHERE owner = 2 AND seq = 3",
            "the log of bob refers to a message (seq 3) that does not exist or is not of that user",
        ),
        (
            "DELETE FROM log WHERE owner = 3",
            "message 1 of ann and cy has 1 log entries, and should have one in each of the two logs",
        ),
        (
            "INSERT INTO log (owner, seq, at, peer, message)"
            " SELECT owner, 7, at, peer, message FROM log WHERE owner = 2 AND seq = 5",
            "message 4 of ann and bob has 3 log entries, and should have one in each of the two logs",
        ),
        (
            "UPDATE log SET message = 3 - message WHERE owner = 2 AND seq IN (1, 2)",
            "the log of bob has the conversation with ann out of order at seq 2",
        ),
        (
            "UPDATE sides SET read = 5 WHERE owner = 2 AND peer = 1",
            "bob has read 5 messages of ann, but there are fewer",
        ),
        (
            "UPDATE sides SET peer_read = 9 WHERE owner = 3 AND peer = 1",
            "cy has read 0 messages of ann, but there are fewer",
        ),
        ("PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'messages_by_n'", "SQLite: "),
    ],
)
async def test_check_finds_damage(tmp_path: Path, damage: str, problem: str) -> None:
    await fill_folder(tmp_path)
    problems = problems_after(tmp_path, damage)
    assert any(found.startswith(problem) for found in problems), problems
    assert checking.check(tmp_path).summary.endswith("PROBLEMS FOUND")


async def test_check_limits_problems_of_one_kind(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    users = [f"u{i:03}" for i in range(checking.MAX_SHOWN + 5)]
    await actions.create_users(*users)
    for user in users[1:]:
        await actions.send(user, users[0], "1", "2", "3")
    await store.close()
    problems = problems_after(tmp_path, "UPDATE log SET seq = 9 WHERE owner > 1 AND seq = 3")
    assert len(problems) == checking.MAX_SHOWN + 1
    assert problems[-1] == "… and more of the same kind"


async def test_trimmed_log_is_not_reported(tmp_path: Path) -> None:
    await fill_folder(tmp_path)
    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    actions.now += 1_000_000
    for start in range(0, LOG_RETENTION_EVENTS + 10, MAX_BATCH):
        await actions.commit(
            *(
                commands.ChangeSettings("bob", SettingsChange(read_receipts=i % 2 == 1))
                for i in range(start, min(start + MAX_BATCH, LOG_RETENTION_EVENTS + 10))
            )
        )
    await store.trim(actions.now + LOG_RETENTION_MILLIS)
    assert (await store.log("bob", 0, 1)).tail > 7
    await store.close()
    assert checking.check(tmp_path).problems == []


async def test_unreadable_database_is_refused_with_a_message(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        checking.check(tmp_path)
    path = tmp_path / database.FILE_NAME
    path.write_bytes(b"no database at all " * 99)
    with pytest.raises(DataFolderError, match="can't be read"):
        checking.check(tmp_path)
    path.unlink()
    apsw.Connection(str(path)).execute("CREATE TABLE theirs (x)")
    with pytest.raises(DataFolderError, match="can't be read"):
        checking.check(tmp_path)
