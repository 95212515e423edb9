"""Every store agrees with the memory store: on random commands, in random batches, reopened at random moments.

The memory store is small enough to be obviously right.
"""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.commands import Command
from bussa_server.domain.users import Conversation, User
from bussa_server.lib.tokenizer import tokenize_query
from bussa_server.ports.store import Store
from tests import commands
from tests.commands import as_user
from tests.contracts.actions import StoreActions
from tests.contracts.store_backends import BACKENDS, StoreBackend
from tests.memory_store import MemoryStore

# Ids whose order differs by alphabet, by code point and by case-insensitive comparison.
USERS = ["ann", "Bob", "c_y", "d.e"]
UNKNOWN_USER = "zoe"
TEXTS = ["ciao", "la città", "STRASSE straße", "a\0b", "ciao ciao " + "x" * 9_000, "👋", "'\" OR 1=1", "한글 각"]
QUERIES = ["ciao", "citt", "strasse", "b a", "x", "한", "c"]

user = st.sampled_from(USERS)
peer = st.sampled_from([*USERS, *USERS, UNKNOWN_USER])
policy = st.sampled_from(["anyone", "anyone", "followers", "following", "mutuals", "nobody"])
n = st.integers(1, 5)
booleans = st.booleans()
change = {"dm_policy": policy, "knocks": booleans, "read_receipts": booleans}

send = st.builds(
    commands.Send, user, peer, st.sampled_from(TEXTS), st.sampled_from("abcdefghijklmnop"), st.none() | st.none() | n
)
command: st.SearchStrategy[Command] = st.one_of(
    send,
    send,
    send,
    st.builds(commands.MarkRead, user, peer, n),
    st.builds(commands.Accept, user, peer),
    st.builds(commands.Decline, user, peer),
    st.builds(commands.Block, user, peer, booleans),
    st.builds(commands.Mute, user, peer, booleans),
    st.builds(commands.Report, user, peer, st.just("spam"), st.none() | n, booleans),
    st.builds(
        commands.ChangeSettings, user, st.fixed_dictionaries({}, optional=change).map(lambda c: SettingsChange(**c))
    ),
    st.builds(commands.Follow, user, peer, booleans),
    st.builds(commands.SignUp, st.sampled_from([*USERS, "new"]), st.just("Näme"), st.just("hash")),
    st.builds(
        commands.PutUser,
        st.sampled_from([*USERS, "new"]),
        st.fixed_dictionaries({}, optional={"name": st.sampled_from(["A", "B\0"]), **change}).map(
            lambda c: UserChange(**c)
        ),
    ),
    st.builds(commands.Revoke, user),
)
REOPEN = "reopen"
story = st.lists(st.lists(command, min_size=1, max_size=12) | st.just(REOPEN), min_size=1, max_size=14)


def with_prefix(command: Command, prefix: str) -> Command:
    """The same command for users of this story alone: the stores are kept between stories."""
    request = command.request
    names = {field: prefix + getattr(request, field) for field in ("user", "peer", "to") if hasattr(request, field)}
    return as_user(prefix + command.user, structs.replace(request, **names))


def without_row_id(found: User | Conversation | None) -> User | Conversation | None:
    if found is not None:
        found.row_id = 0
    return found


async def read_everything(store: Store, prefix: str) -> list[Any]:
    """Everything readable, page by page. Cursors differ between stores and are left out."""
    actions = StoreActions(store)
    users = [prefix + user for user in [*USERS, "new", UNKNOWN_USER]]
    seen: list[Any] = [await store.heads(users), await store.revoked(users)]
    for one in users:
        page = await store.log(one, 0, 500)
        seen += [
            one,
            without_row_id(await store.get_user(one)),
            (page.head, page.tail),
            await actions.log(one, limit=4),
        ]
        for folder in ("inbox", "requests", "declined"):
            seen += [folder, await actions.conversations(one, folder, limit=2)]
        for followers in (True, False):
            seen += [await actions.users(one, followers=followers, limit=2)]
        for query in QUERIES:
            seen += [query, await actions.search(one, query, limit=3)]
        for other in users:
            if other == one:
                continue
            seen += [other, without_row_id(await store.get_conversation(one, other))]
            for before, after, limit in ((None, None, 3), (4, None, 2), (None, 0, 2), (None, 2, 50)):
                seen += [await store.history(one, other, before, after, limit)]
            hits = await store.search(one, tokenize_query("ciao"), other, None, 50)
            seen += [None if hits is None else (list(hits.messages), hits.more)]
    return seen


class StorePair:
    """A store, and the memory store that it is compared with."""

    def __init__(self, store_backend: StoreBackend, store: Store) -> None:
        self.store_backend, self.store = store_backend, store
        self.model = MemoryStore()
        self.now = 1_764_000_000_000
        self._story_numbers = itertools.count()

    async def run(self, story: list[list[Command] | str]) -> None:
        prefix = f"{next(self._story_numbers)}."
        await self.commit([commands.PutUser(prefix + one, UserChange(dm_policy="anyone")) for one in USERS])
        for part in story:
            if isinstance(part, str):
                await self.store.close()
                self.store = await self.store_backend.open()
            else:
                await self.commit([with_prefix(command, prefix) for command in part])
        assert await read_everything(self.store, prefix) == await read_everything(self.model, prefix)

    async def commit(self, batch: list[Command]) -> None:
        self.now += 1000
        expected = await self.model.commit(batch, self.now)
        assert list(await self.store.commit(batch, self.now)) == list(expected)


@pytest.mark.parametrize("kind", [kind for kind in BACKENDS if kind != "memory"])
def test_store_agrees_with_memory_store(kind: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        context = BACKENDS[kind](tmp_path)
        store_backend = runner.run(context.__aenter__())
        two = StorePair(store_backend, runner.run(store_backend.open()))

        @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
        @given(story)
        def run_story(story: list[list[Command] | str]) -> None:
            runner.run(two.run(story))

        try:
            run_story()
        finally:
            runner.run(two.store.close())
            runner.run(context.__aexit__(None, None, None))
