"""Knocks, user actions, reports, privacy settings, search and new conversations."""

from pathlib import Path

import pytest

from bussa.chat.screens.dialog import Dialog
from bussa.chat.screens.login import LoginScreen
from bussa.chat.screens.privacy import PrivacyDialog
from bussa.errors import NotAllowedError, UnavailableError
from bussa_protocol.frames import events
from tests.client.fake_server import now, populated_server
from tests.client.ui_driver import UiDriver, ui_driver


async def open_knock(ui: UiDriver) -> None:
    """Open pavel's knock."""
    await ui.press("f2")
    await ui.wait_until(lambda: ui.listed_peers == ["pavel"])
    await ui.press("enter")
    await ui.wait_until(lambda: "market" in ui.messages_text)


async def test_knock_is_shown_apart_without_links_and_markup(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        assert "Knocks 1" in ui.screen()
        await open_knock(ui)
        assert "http[:]//example.org/me" in ui.messages_text
        assert "http://" not in ui.screen().replace("http://127.0.0.1:8080", "")
        assert "Pavel [bold red]K.[/]" in ui.text_of("#title")
        assert "F7 accepts" in ui.text_of("#banner")
        await ui.press("h", "m")
        await ui.wait_until(lambda: ui.text_of("#text") == "hm")
        assert not ui.calls("typing"), "a knock gets no typing indicator"


async def test_hostile_name_and_text_cannot_affect_screen(tmp_path: Path) -> None:
    server = populated_server()
    server.session.add_peer("mallory", "\x1b[31m\u202eM[/]\n[@click=app.quit]x[/]", folder="requests")
    server.session.add_message("mallory", "mallory", "\x1b]0;owned\x07\u202e[@click=app.quit]press[/]", now())
    async with ui_driver(tmp_path, server) as ui:
        await ui.press("f2", "enter")
        await ui.wait_until(lambda: "press" in ui.messages_text)
        for key in ("f5", "escape", "f3"):
            await ui.press(key)
        await ui.type_line("press")
        await ui.wait_until(lambda: "1 found" in ui.screen())
        await ui.press("escape")
        shown = ui.screen()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[@click=app.quit]press[/]" in ui.messages_text


@pytest.mark.parametrize(
    ("key", "call", "notification"), [("f7", "accept", "can message you now"), ("f8", "decline", "declined")]
)
async def test_knock_is_accepted_or_declined_by_key(tmp_path: Path, key: str, call: str, notification: str) -> None:
    async with ui_driver(tmp_path) as ui:
        await open_knock(ui)
        await ui.press(key)
        await ui.wait_until(lambda: notification in ui.notifications)
        assert ui.calls(call) == [(call, "pavel")]
        assert ui.listed_peers == []
        assert "No knocks" in ui.screen()
        await ui.press("f2")
        assert ("pavel" in ui.listed_peers) == (call == "accept")


async def test_knock_keys_are_shown_only_for_a_knock(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        assert "Accept" not in ui.screen()
        assert "Them" not in ui.screen()
        await ui.press("enter")
        await ui.press("f7")
        assert not ui.calls("accept")
        await open_knock(ui)
        assert "Accept" in ui.screen()


async def test_live_knock_is_listed_with_its_name(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        ui.session.add_peer("zoe", "Zoe Z.", folder="requests")
        ui.session.receive_message("zoe", "hello?")
        await ui.wait_until(lambda: "Knocks 2" in ui.screen())
        await ui.press("f2")
        await ui.wait_until(lambda: ui.listed_peers == ["zoe", "pavel"])
        await ui.wait_until(lambda: "Zoe Z." in ui.screen())


COMMANDS = {
    "/block": ("block", "bob"),
    "/block dai": ("block", "dai"),
    "/unblock ed": ("unblock", "ed"),
    "/mute": ("mute", "bob"),
    "/unmute": ("unmute", "bob"),
    "/report abuse block": ("report", "bob", "abuse", None, True),
    "/who carla": ("profile", "carla"),
    "/policy mutuals": ("settings", {"dm_policy": "mutuals"}),
    "/knocks on": ("settings", {"knocks": True}),
    "/receipts off": ("settings", {"read_receipts": False}),
}


@pytest.mark.parametrize(("typed", "call"), COMMANDS.items(), ids=COMMANDS.keys())
async def test_command_calls_server_and_notifies(tmp_path: Path, typed: str, call: tuple[object, ...]) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.type_line(typed)
        await ui.wait_until(lambda: call in ui.session.calls)
        await ui.wait_until(lambda: ui.notifications)
        assert not ui.calls("send")


@pytest.mark.parametrize("typed", ["/nonsense", "/policy everyone", "/knocks maybe", "/block \u00e8", "/retry"])
async def test_invalid_command_is_reported_and_not_sent(tmp_path: Path, typed: str) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.type_line(typed)
        await ui.wait_until(lambda: ui.notifications)
        assert not ui.calls("send")
        assert not ui.calls("block")


async def test_refused_command_is_reported(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        ui.session.fail_next("mute", UnavailableError("no"))
        await ui.type_line("/mute")
        await ui.wait_until(lambda: "unavailable" in ui.notifications)


async def test_following_goes_over_http(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.type_line("/follow")
        await ui.type_line("/unfollow carla")
        await ui.wait_until(lambda: ui.server.followed == [("follow", "bob"), ("unfollow", "carla")])


async def test_message_is_reported_with_reason(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await open_knock(ui)
        await ui.press("up", "up", "x")
        await ui.wait_until(lambda: isinstance(ui.app.screen, Dialog))
        await ui.press("down", "enter")
        await ui.wait_until(lambda: ui.calls("report"))
        assert ui.calls("report") == [("report", "pavel", "abuse", 1, True)]


async def test_user_actions_dialog_runs_command(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter", "f5")
        await ui.wait_until(lambda: "Mute" in ui.screen())
        await ui.press("enter")
        await ui.wait_until(lambda: ui.calls("mute") == [("mute", "bob")])


async def test_privacy_dialog_changes_settings(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("f6")
        await ui.wait_until(lambda: isinstance(ui.app.screen, PrivacyDialog))
        calls = len(ui.calls("settings"))
        for label in ("everyone", "people who follow you", "people you follow", "no one new"):
            assert label in ui.screen()
        assert "refused" in ui.text_of("#summary")
        await ui.pilot.pause()
        assert len(ui.calls("settings")) == calls, "opening it changes nothing"
        await ui.press("down", "enter")
        await ui.wait_until(lambda: "People you follow" in ui.text_of("#summary"))
        await ui.press("tab", "space")
        await ui.wait_until(lambda: "knock" in ui.text_of("#summary"))
        assert (ui.session.privacy_settings.dm_policy, ui.session.privacy_settings.knocks) == ("following", True)
        ui.session.fail_next("settings", UnavailableError("no"))
        await ui.press("space")
        await ui.wait_until(lambda: "Not changed" in ui.text_of("#summary"))


async def test_search_hit_opens_at_its_message(tmp_path: Path) -> None:
    server = populated_server()
    for number in range(300):
        server.session.add_message("bob", "bob", f"line {number}", now() - 1000 + number)
    async with ui_driver(tmp_path, server) as ui:
        await ui.press("f3")
        await ui.type_line("line 100")
        await ui.wait_until(lambda: "1 found" in ui.screen())
        await ui.press("enter")
        await ui.wait_until(lambda: "line 100\n" in ui.messages_text)
        assert ui.open_peer == "bob"
        assert "line 299" not in ui.messages_text
        await ui.wait_until(lambda: "line 100" in ui.screen())
        for _ in range(80):
            await ui.press("pagedown")
            if "line 299" in ui.messages_text:
                break
        assert ui.messages_text.count("line 150\n") == 1


async def test_new_conversation_dialog_opens_conversation(tmp_path: Path) -> None:
    server = populated_server()
    server.session.add_peer("nora", "Nora", folder=None)
    server.session.can_message["nora"] = "no"
    async with ui_driver(tmp_path, server) as ui:
        await ui.press("f4")
        await ui.type_line("nobody-there")
        await ui.wait_until(lambda: "User not found" in ui.text_of("#result"))
        await ui.press(*["backspace"] * 12)
        await ui.type_line("nora")
        await ui.wait_until(lambda: "You can't message them" in ui.text_of("#result"))
        server.session.can_message["nora"] = "yes"
        await ui.press("f9")
        await ui.wait_until(lambda: "You can message them" in ui.text_of("#result"))
        assert ui.server.followed == [("follow", "nora")]
        await ui.press("enter")
        await ui.wait_until(lambda: ui.open_peer == "nora")
        await ui.wait_until(lambda: "start of your conversation with Nora" in ui.text_of("#banner"))
        await ui.type_line("hello Nora")
        await ui.wait_until(lambda: ui.listed_peers[0] == "nora")
        ui.session.fail_next("send", NotAllowedError("no"))


async def test_command_hint_is_shown_and_tab_completes(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter", "slash", *"pol")
        await ui.wait_until(lambda: ui.text_of("#hint").startswith("/policy"))
        await ui.press("tab")
        await ui.wait_until(lambda: ui.text_of("#text") == "/policy ")
        await ui.press("f1")
        await ui.wait_until(lambda: "Keys" in ui.screen())
        await ui.press("escape")
        assert ui.text_of("#text") == "/policy "


async def test_logout_forgets_login(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        await ui.press("enter")
        await ui.type_line("/logout")
        await ui.wait_until(lambda: isinstance(ui.app.screen, LoginScreen))
        assert ui.logins.get(ui.server.address) is None


async def test_change_from_another_device_is_shown(tmp_path: Path) -> None:
    async with ui_driver(tmp_path) as ui:
        ui.session.push(events.ConversationEvent(seq=1, peer="pavel", folder="inbox", muted=False, blocked=False))
        await ui.wait_until(lambda: "pavel" in ui.listed_peers)
        ui.session.push(events.ConversationEvent(seq=2, peer="pavel", folder="declined", muted=False, blocked=False))
        await ui.wait_until(lambda: "pavel" not in ui.listed_peers)
