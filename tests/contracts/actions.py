"""Short methods for what users do on any store, and for reading its pages to the end."""

import itertools
from collections.abc import Sequence
from typing import Any

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames import parts
from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent, Outcome, Refusal, Result, Taken
from bussa_server.lib.tokenizer import tokenize_query
from bussa_server.ports.store import MAX_BATCH, MAX_LOG_PAGE, Faulted, Store
from tests import commands

NOW = 1_764_000_000_000

_nonces = itertools.count(1)


class StoreActions:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW

    async def commit(self, *batch: Command) -> Sequence[Outcome | Faulted]:
        """Commit one batch, a second after the last one."""
        self.now += 1000
        return await self.store.commit(batch, self.now)

    async def do(self, *batch: Command) -> list[Result]:
        """Commit one batch; the result of each command."""
        return [result(outcome) for outcome in await self.commit(*batch)]

    async def create_users(self, *users: str, **settings: Any) -> None:
        """Create users, with the policy ``anyone`` unless ``settings`` say otherwise."""
        change = UserChange(**{"dm_policy": "anyone"} | settings)
        await self.do(*(commands.PutUser(user, change) for user in users))

    def message(self, user: str, to: str, text: str = "ciao", **more: Any) -> Command:
        return commands.Send(user, to, text, **{"nonce": f"nonce {next(_nonces)}"} | more)

    async def send(self, user: str, to: str, *texts: str) -> list[MessageSent]:
        """Send some messages, which must all be allowed."""
        sent: list[MessageSent] = []
        for start in range(0, len(texts), MAX_BATCH):
            for found in await self.do(*(self.message(user, to, text) for text in texts[start : start + MAX_BATCH])):
                assert isinstance(found, MessageSent), found
                sent.append(found)
        return sent

    async def settings(self, user: str, **change: Any) -> None:
        await self.do(commands.ChangeSettings(user, SettingsChange(**change)))

    async def block(self, user: str, peer: str, blocked: bool = True) -> None:
        await self.do(commands.Block(user, peer, blocked))

    async def log(self, user: str, after: int = 0, limit: int = MAX_LOG_PAGE) -> list[LogEvent]:
        """All events after a seq, page by page."""
        found: list[LogEvent] = []
        while True:
            page = await self.store.log(user, after, limit)
            if not page.events:
                assert after == page.head
                return found
            assert page.events[0].seq == after + 1
            assert len(page.events) <= limit
            found += page.events
            after = found[-1].seq

    async def history(
        self, user: str, peer: str, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> list[parts.Message]:
        page = await self.store.history(user, peer, before, after, limit)
        assert page is not None
        return list(page.messages)

    async def conversations(self, user: str, folder: str = "inbox", limit: int = 50) -> list[parts.Conversation]:
        """All conversations of a folder, page by page."""
        found: list[parts.Conversation] = []
        before = None
        while True:
            page = await self.store.conversations(user, folder, before, limit)
            assert len(page.conversations) <= limit
            found += page.conversations
            if page.next is None:
                return found
            assert page.conversations
            before = page.next

    async def search(self, user: str, query: str, peer: str | None = None, limit: int = 50) -> list[parts.Message]:
        """All hits, page by page."""
        found: list[parts.Message] = []
        before = None
        while True:
            page = await self.store.search(user, tokenize_query(query), peer, before, limit)
            assert page is not None
            assert len(page.messages) <= limit
            found += page.messages
            assert page.more is (page.next is not None)
            if page.next is None:
                return found
            assert page.messages
            before = page.next

    async def texts(self, user: str, query: str, peer: str | None = None) -> list[str]:
        return [hit.text for hit in await self.search(user, query, peer)]

    async def users(self, user: str, *, followers: bool, limit: int = 200) -> list[str]:
        """All users whom a user follows, or all followers, page by page."""
        found: list[str] = []
        after = None
        while True:
            page = await self.store.follows(user, followers=followers, after=after, limit=limit)
            assert len(page.users) <= limit
            found += page.users
            if page.next is None:
                return found
            after = page.next


def result(outcome: Outcome | Faulted) -> Result:
    assert isinstance(outcome, Outcome), outcome
    return outcome.result


def codes(results: Sequence[Result]) -> list[str]:
    """The error code of each refusal, `taken`, or `ok`."""
    return [
        found.code.value if isinstance(found, Refusal) else "taken" if isinstance(found, Taken) else "ok"
        for found in results
    ]
