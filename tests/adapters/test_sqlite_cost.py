"""The cost of a read or a write does not grow with the stored rows. Measured in instructions of SQLite's VM.

A user may have a million followers, conversations, events. Only the cost of a search grows, with its hits.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.ids import Folder
from bussa_server.adapters.sqlite import database, reading
from bussa_server.adapters.sqlite.repository import Repository
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain import handlers
from bussa_server.domain.commands import Command
from bussa_server.ports.store import MAX_BATCH
from tests import commands
from tests.contracts.actions import NOW, StoreActions

FEW, MANY = 60, 1_500
LIMIT = 20
END = 1 << 53
INBOX: Folder = "inbox"

READS: dict[str, Callable[[Sql], object]] = {
    "heads": lambda connection: reading.heads(connection, ["ann", "bob"]),
    "revoked": lambda connection: reading.revoked(connection, ["ann", "bob"]),
    "log from the beginning": lambda connection: reading.log(connection, "bob", 0, LIMIT),
    "log from the middle": lambda connection: reading.log(connection, "bob", FEW // 2, LIMIT),
    "log beyond the head": lambda connection: reading.log(connection, "bob", END, LIMIT),
    "resume state": lambda connection: reading.resume_state(connection, "bob", END, LIMIT),
    "newest history": lambda connection: reading.history(connection, "bob", "ann", None, None, LIMIT),
    "oldest history": lambda connection: reading.history(connection, "bob", "ann", None, 0, LIMIT),
    "conversations": lambda connection: reading.conversations(connection, "ann", INBOX, None, LIMIT),
    "user": lambda connection: reading.get_user(connection, "ann"),
    "conversation": lambda connection: reading.get_conversation(connection, "ann", "bob"),
    "following": lambda connection: reading.follows(connection, "ann", False, None, LIMIT),
    "followers": lambda connection: reading.follows(connection, "ann", True, None, LIMIT),
}


# With an empty cache, like the first command of a user after a start.
WRITES: dict[str, Command] = {
    "send": commands.Send("ann", "bob", "ciao", "another nonce"),
    "read": commands.MarkRead("bob", "ann", 5),
    "block": commands.Block("ann", "bob", True),
    "report": commands.Report("bob", "ann", "other", 5, False),
    "settings": commands.ChangeSettings("ann", SettingsChange(knocks=False)),
    "follow": commands.Follow("bob", "ann", True),
}


def _write(command: Command) -> Callable[[Sql], object]:
    def work(connection: Sql) -> None:
        rows = Repository(connection)
        rows.begin()
        connection.execute("BEGIN IMMEDIATE")
        uow = rows.load([command], check_all_nonces=True)
        handlers.handle(uow, command, NOW)
        rows.save(uow)
        connection.execute("ROLLBACK")

    return work


def _steps(connection: Sql, work: Callable[[Sql], object]) -> int:
    """The cost of ``work``, run a second time so that its statements are prepared."""
    work(connection)
    count = 0

    def step() -> bool:
        nonlocal count
        count += 1
        return False

    connection.set_progress_handler(step, 1)
    work(connection)
    connection.set_progress_handler(None, 0)
    return count


def _costs(folder: Path) -> dict[str, int]:
    path = folder / database.FILE_NAME
    with closing(database.open_for_reading(path)) as reader, closing(database.open_for_writing(path)[0]) as writer:
        return {name: _steps(reader, read) for name, read in READS.items()} | {
            name: _steps(writer, _write(command)) for name, command in WRITES.items()
        }


async def _fill_store(actions: StoreActions, count: int) -> None:
    """Add a conversation of ``count`` messages, and ``count`` conversations with users who follow and are followed."""
    peers = [f"peer-{number}" for number in range(count)]
    await actions.create_users(*peers)
    await actions.send("ann", "bob", *("message" for _ in range(count)))
    for start in range(0, count, MAX_BATCH // 4):
        some = peers[start : start + MAX_BATCH // 4]
        await actions.do(
            *(actions.message("ann", peer) for peer in some),
            *(commands.Follow("ann", peer, True) for peer in some),
            *(commands.Follow(peer, "ann", True) for peer in some),
        )


async def test_cost_does_not_grow_with_stored_rows(actions: StoreActions, folder: Path) -> None:
    await actions.create_users("ann", "bob")
    await _fill_store(actions, FEW)
    few = _costs(folder)
    await _fill_store(actions, MANY)
    many = _costs(folder)
    assert all(few.values())
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.1 * few[name]}
    assert grown == {}
