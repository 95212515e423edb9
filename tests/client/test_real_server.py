"""The SDK and the chat against a ``bussa serve`` process that is killed and restarted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bussa import (
    Backoff,
    Client,
    NotAllowedError,
    Reset,
    TakenError,
    TokenRefusedError,
    UnauthenticatedError,
    events,
    follow,
    followers,
    following,
    log_in,
    log_out_everywhere,
    sign_up,
    unfollow,
)
from bussa.chat.login_store import LoginStore
from bussa.chat.screens.login import LoginScreen
from bussa.chat.session import BussaServer
from tests.client.ui_driver import RecordingChatApp, UiDriver
from tests.e2e.server_process import Server

PASSWORD = "a password that is long enough"
QUICK = Backoff(base=0.1, restart_base=0.1, cap=0.5)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data", "--send-rate", "0") as server:
        yield server


@asynccontextmanager
async def connected_user(server: Server, user: str, **more: Any) -> AsyncIterator[Client]:
    """Sign up a user who accepts messages of anyone, and connect."""
    grant = await sign_up(server.url, user, PASSWORD)
    async with Client(server.url, grant.token, backoff=QUICK, **more) as me:
        await me.settings(dm_policy="anyone")
        yield me


async def test_two_users_exchange_messages(server: Server) -> None:
    async with connected_user(server, "alice") as alice, connected_user(server, "bob") as bob:
        sent = await alice.send("bob", "ciao 🧶")
        event = await anext(bob.events())
        assert isinstance(event, events.MessageEvent)
        assert (event.sender, event.text, event.n, event.folder) == ("alice", "ciao 🧶", sent.n, "inbox")
        await bob.read("alice", sent.n)
        receipt = await anext(alice.events())
        assert isinstance(receipt, events.ReadEvent)
        assert (receipt.by, receipt.n) == ("bob", sent.n)
        answer = await bob.send("alice", "ciao a te", reply_to=sent.n)
        assert [message.text for message in (await alice.history("bob")).messages] == ["ciao 🧶", "ciao a te"]
        assert [hit.n for hit in (await bob.search("CIA")).hits] == [answer.n, sent.n]
        (row,) = (await bob.conversations()).conversations
        assert (row.peer, row.last.n, row.unread) == ("alice", answer.n, 0)
        assert (await alice.profile("bob")).can_message == "yes"
        await bob.block("alice")
        with pytest.raises(NotAllowedError):
            await alice.send("bob", "still there?")
        await bob.report("alice", "other")
        assert await bob.ping() >= 3
        await alice.typing("bob")


async def test_accounts_and_following(server: Server) -> None:
    alice = await sign_up(server.url, "alice", PASSWORD, "Alice")
    await sign_up(server.url, "bob", PASSWORD)
    with pytest.raises(TakenError):
        await sign_up(server.url, "alice", PASSWORD)
    with pytest.raises(UnauthenticatedError):
        await log_in(server.url, "alice", "wrong")
    bob = await log_in(server.url, "bob", PASSWORD)
    await follow(server.url, alice.token, "bob")
    assert (await following(server.url, alice.token)).users == ["bob"]
    assert (await followers(server.url, bob.token)).users == ["alice"]
    await unfollow(server.url, alice.token, "bob")
    assert (await following(server.url, alice.token)).users == []


async def test_revoked_token_is_replaced_or_final(server: Server) -> None:
    grant = await sign_up(server.url, "alice", PASSWORD)
    fetched = 0

    async def token() -> str:
        nonlocal fetched
        fetched += 1
        return (await log_in(server.url, "alice", PASSWORD)).token

    async with Client(server.url, grant.token) as fixed, Client(server.url, token, backoff=QUICK) as fetching:
        await log_out_everywhere(server.url, grant.token)
        with pytest.raises(TokenRefusedError):
            await anext(fixed.events())
        assert await fetching.ping() >= 0
        assert fetched >= 2


async def test_killed_server_loses_and_duplicates_nothing(server: Server) -> None:
    """Both send without pause while the server is killed three times; in the end each has every message once."""
    async with (
        connected_user(server, "alice", timeout=60.0) as alice,
        connected_user(server, "bob", timeout=60.0) as bob,
    ):
        received: dict[str, list[events.MessageEvent]] = {"alice": [], "bob": []}
        sent: dict[str, list[int]] = {"alice": [], "bob": []}
        texts: dict[str, list[str]] = {"alice": [], "bob": []}
        writing = True
        changed = asyncio.Event()

        async def wait_until(condition: Callable[[], bool]) -> None:
            while not condition():
                changed.clear()
                await changed.wait()

        async def listen(me: Client) -> None:
            async for event in me.events():
                assert not isinstance(event, Reset)
                if isinstance(event, events.MessageEvent):
                    received[me.user].append(event)
                    changed.set()

        async def write(me: Client, to: str, lane: int) -> None:
            number = 0
            while writing:
                number += 1
                # Every third text is the same, so that an echo could be mistaken for another message.
                text = "again" if number % 3 == 0 else f"{lane}.{number}"
                texts[me.user].append(text)
                sent[me.user].append((await me.send(to, text)).n)
                changed.set()

        async with asyncio.TaskGroup() as tasks:
            readers = [tasks.create_task(listen(me)) for me in (alice, bob)]
            pairs = ((alice, "bob"), (bob, "alice"))
            writers = [tasks.create_task(write(me, to, lane)) for me, to in pairs for lane in range(4)]
            for _ in range(3):
                count = len(sent["alice"])
                await wait_until(lambda count=count: len(sent["alice"]) >= count + 100)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            writing = False
            await asyncio.gather(*writers)
            total = len(texts["alice"]) + len(texts["bob"])
            await wait_until(lambda: len(received["alice"]) + len(received["bob"]) >= total)
            for reader in readers:
                reader.cancel()
        numbers = [*sent["alice"], *sent["bob"]]
        assert sorted(numbers) == list(range(1, total + 1)), "every send is one message"
        assert [event.n for event in received["bob"]] == sorted(sent["alice"]), "in order, each once, no own ones"
        assert [event.n for event in received["alice"]] == sorted(sent["bob"])
        assert sorted(event.text for event in received["bob"]) == sorted(texts["alice"])


async def test_saved_cursor_resumes_after_absence(server: Server) -> None:
    grant = await sign_up(server.url, "alice", PASSWORD)
    async with Client(server.url, grant.token) as alice:
        await alice.settings(dm_policy="anyone")
        cursor = alice.cursor
    async with connected_user(server, "bob") as bob:
        for number in range(300):
            await bob.send("alice", str(number))
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    async with Client(server.url, grant.token, resume=cursor, queue_size=8) as alice:
        stream = alice.events()
        missed = [await anext(stream) for _ in range(300)]
        assert [event.text for event in missed if isinstance(event, events.MessageEvent)] == [
            str(n) for n in range(300)
        ]
        assert cursor is not None
        assert alice.cursor == (cursor.epoch, cursor.seq + 300)


async def test_server_restart_is_invisible_to_callers(server: Server) -> None:
    async with connected_user(server, "alice") as alice, connected_user(server, "bob") as bob:
        await asyncio.to_thread(server.stop)
        call = asyncio.create_task(alice.send("bob", "while it restarts"))
        await asyncio.to_thread(server.start)
        sent = await call
        event = await anext(bob.events())
        assert isinstance(event, events.MessageEvent)
        assert event.n == sent.n


async def test_chat_works_against_real_server(server: Server, tmp_path: Path) -> None:
    async with connected_user(server, "bob") as bob:
        address = BussaServer(server.url)
        app = RecordingChatApp(address, LoginStore(tmp_path / "state"))
        async with app.run_test(size=(80, 24)) as pilot:
            ui = UiDriver(app, pilot, address, LoginStore(tmp_path / "state"))
            await ui.wait_until(lambda: isinstance(app.screen, LoginScreen))
            await ui.press("f2")
            for field in ("alice", PASSWORD, "Alice A."):
                await ui.type_line(field)
            await ui.wait_until(lambda: "● connected" in ui.screen())
            await ui.press("f4")
            await ui.type_line("bob")
            await ui.wait_until(lambda: "You can message them" in ui.text_of("#result"))
            await ui.press("enter")
            await ui.wait_until(lambda: ui.open_peer == "bob")
            await ui.type_line("ciao")
            await ui.wait_until(lambda: ui.messages_text.splitlines()[-1].split() == ["ciao", "✓"])
            event = await anext(bob.events())
            assert isinstance(event, events.MessageEvent)
            await bob.read("alice", event.n)
            await ui.wait_until(lambda: "✓✓" in ui.messages_text)
            await bob.send("alice", "hello Alice")
            await ui.wait_until(lambda: "hello Alice" in ui.messages_text)
            await bob.typing("alice")
            await ui.wait_until(lambda: "is typing" in ui.text_of("#hint"))
            await asyncio.to_thread(server.kill)
            await ui.wait_until(lambda: "reconnecting" in ui.screen())
            await asyncio.to_thread(server.start)
            await ui.type_line("still here")
            await ui.wait_until(lambda: ui.messages_text.splitlines()[-1].split() == ["still", "here", "✓"])
