"""The script that saves the changes of a unit of work. Pure: the caller sends it."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bussa_server.adapters.postgres.sql import bytea_array, execute_line, number_array
from bussa_server.adapters.postgres.tables import save_rows
from bussa_server.domain.unit_of_work import UnitOfWork
from bussa_server.domain.users import User


def save_script(uow: UnitOfWork, keys: Sequence[int], words_by_text: dict[str, str], now: int) -> str:
    """A script that saves the changes in ``uow`` at ``now`` (ms); empty if there are none.

    ``keys`` are for the users whom the batch has created, ``words_by_text`` has the words of each text for the index.

    Raises:
        UnicodeEncodeError: a string chosen by a client has a lone surrogate.
    """
    script: list[str] = []
    if uow.changed_users:
        script += _save_users(uow, keys)
    appended_to = {entry.owner.id: entry.owner for entry in uow.entries if entry.owner.id not in uow.changed_users}
    if appended_to:
        users = appended_to.values()
        heads = number_array(user.head for user in users)
        script.append(execute_line("set_heads", _row_ids(users), heads, bytea_array(user.top_peer for user in users)))
    script += _save_participants(uow)
    if uow.messages:
        script.append(_save_messages(uow, words_by_text, now))
    script += _save_events(uow, now)
    if uow.changed_rows:
        script += save_rows(uow)
    return "".join(script)


def _row_ids(users: Iterable[User]) -> str:
    return number_array(user.row_id for user in users)


def _save_users(uow: UnitOfWork, keys: Sequence[int]) -> list[str]:
    script: list[str] = []
    new = [user for user in uow.changed_users.values() if user.row_id == 0]
    known = [user for user in uow.changed_users.values() if user.row_id != 0]
    for user, key in zip(new, keys, strict=False):
        user.row_id = key
    if new:
        ids, passwords = bytea_array(user.id for user in new), bytea_array(user.password for user in new)
        script.append(execute_line("insert_users", *_user_columns(new), ids, passwords))
    if known:
        script.append(execute_line("update_users", *_user_columns(known)))
    return script


def _user_columns(users: Sequence[User]) -> list[str]:
    all_settings = [user.settings for user in users]
    return [
        _row_ids(users),
        bytea_array(user.name for user in users),
        bytea_array(settings.dm_policy for settings in all_settings),
        number_array(settings.knocks for settings in all_settings),
        number_array(settings.read_receipts for settings in all_settings),
        number_array(user.revoked_at for user in users),
        number_array(user.head for user in users),
        bytea_array(user.top_peer for user in users),
    ]


def _save_participants(uow: UnitOfWork) -> list[str]:
    script: list[str] = []
    users, participants = uow.users, list(uow.changed_participants.values())
    if participants:
        script.append(
            execute_line(
                "upsert_participants",
                number_array(users[participant.owner].row_id for participant in participants),
                number_array(users[participant.peer].row_id for participant in participants),
                bytea_array(participant.folder for participant in participants),
                *(number_array(flags) for flags in _columns(participants, "accepted", "refused", "blocked", "muted")),
                *(
                    number_array(counts)
                    for counts in _columns(participants, "sent_count", "read", "peer_read", "sort_seq")
                ),
            )
        )
    written = {(message.sender, message.conversation.participants(message.sender)[0].peer) for message in uow.messages}
    counted = [
        uow.conversation(*names).participants(names[0])[0] for names in written if names not in uow.changed_participants
    ]
    if counted:
        owners = number_array(users[participant.owner].row_id for participant in counted)
        peers = number_array(users[participant.peer].row_id for participant in counted)
        script.append(
            execute_line(
                "set_sent_count", owners, peers, number_array(participant.sent_count for participant in counted)
            )
        )
    return script


def _columns(rows: Sequence[Any], *names: str) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]


def _save_messages(uow: UnitOfWork, words_by_text: dict[str, str], now: int) -> str:
    users, messages = uow.users, uow.messages
    recipients = [message.conversation.participants(message.sender)[1].owner for message in messages]
    sent: dict[int, tuple[int, str | None, bytes | None]] = {}
    received: dict[int, int] = {}
    for entry in uow.entries:
        if entry.message is None:
            continue
        if entry.owner.id == entry.message.sender:
            sent[id(entry.message)] = entry.event.seq, entry.nonce, entry.digest
        else:
            received[id(entry.message)] = entry.event.seq

    def column(name: str) -> list[Any]:
        return [getattr(message, name) for message in messages]

    return execute_line(
        "insert_messages",
        str(now),
        number_array(users[message.sender].row_id for message in messages),
        number_array(users[recipient].row_id for recipient in recipients),
        number_array(column("n")),
        number_array(column("sender_n")),
        bytea_array(column("folder")),
        number_array(column("reply_to")),
        bytea_array(column("text")),
        bytea_array(words_by_text[message.text] for message in messages),
        number_array(sent[id(message)][0] for message in messages),
        number_array(received[id(message)] for message in messages),
        bytea_array(sent[id(message)][1] for message in messages),
        bytea_array(sent[id(message)][2] for message in messages),
    )


def _save_events(uow: UnitOfWork, now: int) -> list[str]:
    entries = [entry for entry in uow.entries if entry.message is None]
    if not entries:
        return []
    return [
        execute_line(
            "insert_events",
            str(now),
            number_array(entry.owner.row_id for entry in entries),
            number_array(entry.event.seq for entry in entries),
            number_array(None if entry.peer is None else uow.users[entry.peer].row_id for entry in entries),
            bytea_array(msgspec.json.encode(entry.event) for entry in entries),
        )
    ]
