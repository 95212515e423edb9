"""The main screen: log-in, reading, sending, retries, and a lost connection."""

import asyncio
import itertools
from pathlib import Path

import pytest
from textual.events import Key

from bussa.chat.login_store import Login
from bussa.chat.screens.login import LoginScreen
from bussa.errors import NotAllowedError, RequestTimeoutError, TokenRefusedError, UnreachableError
from bussa.event_queue import Cursor, Reset
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import events
from tests.client.fake_server import FakeServer, FakeSession, now, populated_server
from tests.client.ui_driver import ui_driver


async def test_login_is_remembered(tmp_path: Path) -> None:
    async with ui_driver(tmp_path, login=None) as ui:
        await ui.wait_until(lambda: isinstance(ui.app.screen, LoginScreen))
        await ui.type_line("alice")
        await ui.type_line("wrong")
        await ui.wait_until(lambda: "wrong user name or password" in ui.text_of("#why"))
        await ui.press(*["backspace"] * 5)
        await ui.type_line("right")
        await ui.wait_until(lambda: ui.listed_peers)
        assert ui.logins.get(ui.server.address) == Login("alice", "token of alice")
    async with ui_driver(tmp_path, login=None) as ui:
        await ui.wait_until(lambda: ui.listed_peers)


async def test_login_accepts_password_manager_input(tmp_path: Path) -> None:
    async with ui_driver(tmp_path, login=None) as ui:
        await ui.wait_until(lambda: isinstance(ui.app.screen, LoginScreen) and ui.app.screen.focused is not None)
        for key in (*"alice", "tab", *"right", "enter"):
            ui.app.post_message(Key(key, key if len(key) == 1 else None))
        await ui.wait_until(lambda: ui.listed_peers)
        assert ui.logins.get(ui.server.address) == Login("alice", "token of alice")


async def test_sign_up_logs_in(tmp_path: Path) -> None:
    async with ui_driver(tmp_path, FakeServer(FakeSession("nuala")), login=None) as ui:
        await ui.wait_until(lambda: isinstance(ui.app.screen, LoginScreen))
        await ui.press("f2")
        await ui.type_line("alice")
        await ui.type_line("secret")
        await ui.type_line("Alice")
        await ui.wait_until(lambda: "that user name is taken" in ui.text_of("#why"))
        await ui.press("shift+tab", *["backspace"] * 5)
        await ui.type_line("nuala")
        await ui.press("tab", "enter")
        await ui.wait_until(lambda: ui.calls("conversations"))
        assert ui.logins.get(ui.server.address, "nuala") is not None


async def test_expired_login_shows_login_screen(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        ui.session.push(TokenRefusedError(4401, "token refused"))
        # Setting the focus is the last step of building the screen.
        await ui.wait_until(lambda: isinstance(ui.app.screen, LoginScreen) and ui.app.screen.focused is not None)
        assert "session has ended" in ui.text_of("#why")
        assert ui.logins.get(ui.server.address) is None


async def test_opened_conversation_is_marked_read(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        assert ui.listed_peers == ["bob", "carla", "dai", "ed"]
        assert "Inbox 1" in ui.screen()
        assert not ui.calls("read"), "an unopened conversation is not read"
        await ui.press("enter")
        await ui.wait_until(lambda: ui.calls("read"))
        assert ui.calls("read") == [("read", "bob", 5)]
        await ui.wait_until(lambda: "── new ──" in ui.messages_text)  # once it is laid out in its final width
        await ui.wait_until(lambda: "↳ you: And the small boat" in ui.messages_text)
        await ui.wait_until(lambda: "Inbox 1" not in ui.screen())


async def test_sent_message_shows_sending_sent_and_read(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        ui.session.paused["send"] = asyncio.Event()
        await ui.type_line("ciao [b]bob[/]")
        await ui.wait_until(lambda: "○" in ui.messages_text)
        ui.session.paused["send"].set()
        await ui.wait_until(lambda: "○" not in ui.messages_text)
        assert ui.messages_text.splitlines()[-1].split() == ["ciao", "[b]bob[/]", "✓"]
        ui.session.push(events.ReadEvent(seq=9, peer="bob", by="bob", n=6))
        await ui.wait_until(lambda: ui.messages_text.splitlines()[-1].endswith("✓✓"))
        assert ui.text_of("#text") == ""


@pytest.mark.parametrize("error", [NotAllowedError("no"), RequestTimeoutError("nonce")])
async def test_failed_message_stays_and_retries_under_its_nonce(tmp_path: Path, error: Exception) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        ui.session.fail_next("send", error)
        await ui.type_line("ciao")
        await ui.wait_until(lambda: "✗" in ui.messages_text)
        assert "/retry tries again" in " ".join(ui.messages_text.split())
        await ui.type_line("/retry")
        await ui.wait_until(lambda: "✗" not in ui.messages_text and "ciao" in ui.messages_text)
        first, second = ui.calls("send")
        assert first == second, "the same text under the same nonce"
        await ui.type_line("/retry")
        await ui.wait_until(lambda: "no failed messages" in ui.notifications)


async def test_incoming_message_is_shown_and_counted(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        ui.session.receive_message("bob", "here already")
        await ui.wait_until(lambda: "here already" in ui.messages_text)
        assert ui.calls("read")[-1] == ("read", "bob", 6)
        ui.session.receive_message("carla", "and me?")
        await ui.wait_until(lambda: ui.listed_peers[0] == "carla")
        assert "Inbox 1" in ui.screen()
        assert "and me?" not in ui.messages_text


async def test_incoming_message_is_not_read_while_scrolled_up(tmp_path: Path) -> None:
    server = populated_server()
    for number in range(200):
        server.session.add_message("bob", "bob", f"line {number}", now() - 1000 + number)
    async with ui_driver(tmp_path, server) as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: "line 199" in ui.messages_text)
        reads = len(ui.calls("read"))
        await ui.press("up", "pageup", "pageup")
        before = ui.screen()
        ui.session.receive_message("bob", "news")
        await ui.wait_until(lambda: "news" in ui.messages_text)
        assert len(ui.calls("read")) == reads
        assert _visible_lines(ui.screen()) == _visible_lines(before), "the scroll position is kept"
        await ui.press("end")
        await ui.wait_until(lambda: len(ui.calls("read")) > reads)


async def test_incoming_message_is_read_when_focus_returns(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: ui.calls("read"))
        ui.app.app_focus = False
        ui.session.receive_message("bob", "psst")
        await ui.wait_until(lambda: "psst" in ui.messages_text)
        assert len(ui.calls("read")) == 1
        ui.app.app_focus = True
        await ui.wait_until(lambda: ui.calls("read")[-1] == ("read", "bob", 6))


def _visible_lines(screen: str) -> list[str]:
    lines = [line.partition("▎")[2].strip() for line in screen.splitlines()]
    return [line for line in lines if line.startswith("line ")]


async def test_scrolling_up_loads_older_messages(tmp_path: Path) -> None:
    server = populated_server()
    for number in range(300):
        server.session.add_message("bob", "bob", f"line {number}", now() - 1000 + number)
    async with ui_driver(tmp_path, server) as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: "line 299" in ui.messages_text)
        assert "line 200" not in ui.messages_text
        await ui.press("up")
        tops: list[int] = []
        for _ in range(60):
            await ui.press("pageup")
            if "Are we still on" in ui.messages_text:
                break
            await ui.wait_until(lambda: _visible_lines(ui.screen()))
            tops.append(int(_visible_lines(ui.screen())[0].split()[1]))
        await ui.wait_until(lambda: "Are we still on" in ui.messages_text)
        leaps = [above - below for above, below in itertools.pairwise(tops)]
        assert len(leaps) >= 8, tops
        assert max(leaps) > 0, tops
        assert all(0 <= leap <= 24 for leap in leaps), f"a page up scrolls by at most a screenful: {tops}"
        assert ui.messages_text.count("line 250") == 1


async def test_typing_is_sent_and_shown(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.press(*"hey")
        await ui.wait_until(lambda: ui.calls("typing"))
        assert ui.calls("typing") == [("typing", "bob")], "not for every key"
        ui.session.push(events.TypingEvent(peer="bob"))
        await ui.wait_until(lambda: "is typing" in ui.text_of("#hint"))


async def test_draft_stays_with_its_conversation(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.press(*"half")
        await ui.press("escape", "down", "enter")
        assert (ui.open_peer, ui.text_of("#text")) == ("carla", "")
        await ui.press("escape", "up", "enter")
        assert (ui.open_peer, ui.text_of("#text")) == ("bob", "half")


async def test_reply_names_its_message(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: "jumper" in ui.messages_text)
        await ui.press("up", "up", "up", "r")
        assert "↳ in reply to" in ui.text_of("#hint")
        await ui.type_line("right")
        await ui.wait_until(lambda: ui.calls("send"))
        assert ui.calls("send")[0][1:4] == ("bob", "right", 4)


async def test_lost_connection_is_shown(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        assert "● connected" in ui.screen()
        ui.server.on_status(ConnectionStatus.CONNECTING)
        await ui.wait_until(lambda: "reconnecting" in ui.screen())
        ui.server.on_status(ConnectionStatus.CONNECTED)
        await ui.wait_until(lambda: "● connected" in ui.screen())


async def test_connection_given_up_by_sdk_is_reopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bussa.chat.server_connection.RETRY_SECONDS", 0.0)
    async with ui_driver(tmp_path) as ui:
        ui.server.open_errors = [UnreachableError("connection refused")] * 2
        ui.session.push(UnreachableError("gone"))
        await ui.wait_until(lambda: ui.server.opened == 2 and "● connected" in ui.screen())
        assert ui.listed_peers == ["bob", "carla", "dai", "ed"]


async def test_reset_reloads_everything(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: "jumper" in ui.messages_text)
        ui.session.add_message("bob", "bob", "missed", now())
        ui.session.add_message("carla", "carla", "missed too", now() + 5)
        ui.session.push(Reset(Cursor("one", 9)))
        await ui.wait_until(lambda: "missed" in ui.messages_text)
        assert ui.listed_peers[0] == "carla"


async def test_scrolling_down_the_list_loads_more_conversations(tmp_path: Path) -> None:
    server = populated_server()
    for number in range(70):
        server.session.add_peer(f"p{number:02}")
        server.session.add_message(f"p{number:02}", f"p{number:02}", "hello", now() - 1000 * number)
    async with ui_driver(tmp_path, server) as ui:
        assert len(ui.listed_peers) == 50
        await ui.press("end")
        await ui.wait_until(lambda: len(ui.listed_peers) == 74)


@pytest.mark.parametrize("size", [(40, 12), (20, 8)])
async def test_narrow_terminal_shows_list_or_conversation(tmp_path: Path, size: tuple[int, int]) -> None:
    async with ui_driver(tmp_path, size=size) as ui:
        assert ui.main_screen.query_one("#sidebar").region.width == size[0]
        await ui.press("enter")
        await ui.wait_until(lambda: ui.main_screen.query_one("#conversation").region.width == size[0])
        await ui.press("escape")
        await ui.wait_until(lambda: ui.main_screen.query_one("#sidebar").region.width == size[0])


async def test_quit_exits_with_status_zero(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("ctrl+q")
        await ui.wait_until(lambda: ui.app.return_code == 0)
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.type_line("/quit")
        await ui.wait_until(lambda: ui.app.return_value == 0)
