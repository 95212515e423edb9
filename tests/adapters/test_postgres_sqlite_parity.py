"""PostgreSQL and SQLite agree on every command, page and refusal."""

from pathlib import Path
from typing import Any

import pytest

from bussa_server.adapters.postgres import PostgresStore
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.lib.tokenizer import tokenize_query
from bussa_server.ports.store import MAX_PAGE_CHARS, Faulted, Store
from tests.adapters.postgres_workload import TEXTS, CommandGenerator
from tests.commands import Send
from tests.postgres import fresh_database

NOW = 1_700_000_000_000


async def read_everything(store: Store, ids: list[str]) -> list[Any]:
    """Everything readable for all of ``ids``, page by page. Cursors differ between stores and are left out."""
    seen: list[Any] = [await store.heads([*ids, "nobody", "\0"])]
    for user in ids:
        seen += [await store.get_user(user), await store.log(user, 0, 7), await store.log(user, 20, 500)]
        seen += [await store.log(user, 10**6, 500), await store.log(f"{user}\0", 0, 500)]
        for folder in ("inbox", "requests", "declined"):
            before = None
            while True:
                page = await store.conversations(user, folder, before, 2)
                seen.append(page.conversations)
                before = page.next
                if before is None:
                    break
        for followers in (True, False):
            after = None
            while True:
                users = await store.follows(user, followers=followers, after=after, limit=2)
                seen.append(users)
                after = users.next
                if after is None:
                    break
            seen.append(await store.follows(user, followers=followers, after="a\0", limit=9))
        for text in (*TEXTS, "citt", "GIA", "l", "test"):
            query = tokenize_query(text)
            for peer in (None, *ids, "nobody", "\0"):
                before = None
                while True:
                    hits = await store.search(user, query, peer, before, 3)
                    seen.append(None if hits is None else (list(hits.messages), hits.more))
                    before = hits and hits.next
                    if before is None:
                        break
        for peer in (*ids, "nobody", "no\0body"):
            conversation = await store.get_conversation(user, peer) if user != peer else None
            if conversation is not None:
                conversation.row_id = 0
            seen.append(conversation)
            seen += [
                await store.history(user, peer, before, after, 3)
                for before, after in ((None, None), (3, None), (None, 0), (None, 2), (None, 1000))
            ]
    return [_without_row_id(one) for one in seen]


def _without_row_id(seen: Any) -> Any:
    if hasattr(seen, "password"):
        seen.row_id = 0
    return seen


@pytest.mark.parametrize("seed", range(6))
async def test_postgres_and_sqlite_agree_on_random_commands(seed: int, tmp_path: Path) -> None:
    embedded = SqliteStore(tmp_path)
    async with fresh_database() as url:
        store = await PostgresStore.open(url)
        generator = CommandGenerator(seed, 6)
        ids = [*generator.ids, "new1", "other"]
        for turn, batch in enumerate([generator.create_users(), *generator.batches(40)]):
            expected = await embedded.commit(batch, NOW + turn)
            outcomes = await store.commit(batch, NOW + turn)
            assert not any(isinstance(outcome, Faulted) for outcome in outcomes)
            assert list(outcomes) == list(expected), batch
            if turn % 20 == 0:
                assert await read_everything(store, ids) == await read_everything(embedded, ids)
        assert await read_everything(store, ids) == await read_everything(embedded, ids)
        await store.close()
    await embedded.close()


async def test_pages_are_bounded_by_characters(tmp_path: Path) -> None:
    embedded = SqliteStore(tmp_path)
    async with fresh_database() as url:
        store = await PostgresStore.open(url)
        generator = CommandGenerator(1, 3)
        first, second, third = generator.ids
        batch = generator.create_users()
        for number in range(24):
            user, peer = ((first, second), (second, first), (first, third))[number % 3]
            generator.send()  # the random commands below are those that follow it
            batch.append(Send(user, peer, "è€😀x"[number % 4] * (9_000 + number), f"long{number}"))
            batch.append(generator.command())
        for some in (embedded, store):
            await some.commit(batch, NOW)
        for user in generator.ids:
            for after in range(0, 40, 5):
                assert await store.log(user, after, 500) == await embedded.log(user, after, 500)
            assert await store.conversations(user, "inbox", None, 50) == await embedded.conversations(
                user, "inbox", None, 50
            )
            for peer in generator.ids:
                for before, after in ((None, None), (9, None), (None, 0), (None, 3)):
                    assert await store.history(user, peer, before, after, 50) == await embedded.history(
                        user, peer, before, after, 50
                    )
        for some in (embedded, store):
            page = await some.history(first, second, None, 0, 50)
            assert page is not None
            assert page.more
            assert len(page.messages) > 1
            assert sum(len(message.text) for message in page.messages) <= MAX_PAGE_CHARS
            assert 1 < len((await some.log(first, 0, 500)).events) < (await some.heads([first]))[first]
        await store.close()
    await embedded.close()


async def test_lone_surrogate_fails_alone() -> None:
    async with fresh_database() as url:
        store = await PostgresStore.open(url)
        generator = CommandGenerator(0, 2)
        await store.commit(generator.create_users(), NOW)
        one, other = generator.send(), generator.send()
        broken = Send(one.user, one.request.to, "half \ud83d", "a nonce")
        outcomes = await store.commit([one, broken, other], NOW)
        assert [isinstance(outcome, Faulted) for outcome in outcomes] == [False, True, False]
        await store.close()
