"""Who knocks, who is let in, blocked or reported; the own door; searching and beginning a conversation."""

from pathlib import Path

import pytest

from bussa.chat.screens.card import Card
from bussa.chat.screens.door import Door
from bussa.chat.screens.signin import SignIn
from bussa.errors import NotAllowedError, UnavailableError
from bussa_protocol.frames import events
from tests.client.fake_town import a_town, now
from tests.client.sitting import Sitting, sitting


async def knock(sat: Sitting) -> None:
    """Open the knock of pavel."""
    await sat.press("f2")
    await sat.until(lambda: sat.shown == ["pavel"])
    await sat.press("enter")
    await sat.until(lambda: "market" in sat.paper)


async def test_a_knock_is_shown_apart_without_links_and_without_markup(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        assert "Knocks 1" in sat.screen()
        await knock(sat)
        assert "http[:]//example.org/me" in sat.paper
        assert "http://" not in sat.screen().replace("http://127.0.0.1:8080", "")
        assert "Pavel [bold red]K.[/]" in sat.text_of("#title")
        assert "F7 lets them in" in sat.text_of("#banner")
        await sat.press("h", "m")
        await sat.until(lambda: sat.text_of("#text") == "hm")
        assert not sat.calls("typing"), "who knocks learns nothing"


async def test_a_hostile_name_and_text_do_nothing_to_the_screen(tmp_path: Path) -> None:
    server = a_town()
    server.session.lives("mallory", "\x1b[31m\u202eM[/]\n[@click=app.quit]x[/]", folder="requests")
    server.session.wrote("mallory", "mallory", "\x1b]0;owned\x07\u202e[@click=app.quit]press[/]", now())
    async with sitting(tmp_path, server) as sat:
        await sat.press("f2", "enter")
        await sat.until(lambda: "press" in sat.paper)
        for key in ("f5", "escape", "f3"):
            await sat.press(key)
        await sat.types("press")
        await sat.until(lambda: "1 found" in sat.screen())
        await sat.press("escape")
        shown = sat.screen()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[@click=app.quit]press[/]" in sat.paper


@pytest.mark.parametrize(("key", "call", "says"), [("f7", "accept", "is let in"), ("f8", "decline", "stays out")])
async def test_a_knock_is_let_in_or_kept_out(tmp_path: Path, key: str, call: str, says: str) -> None:
    async with sitting(tmp_path) as sat:
        await knock(sat)
        await sat.press(key)
        await sat.until(lambda: says in sat.said)
        assert sat.calls(call) == [(call, "pavel")]
        assert sat.shown == []
        assert "Nobody knocks" in sat.screen()
        await sat.press("f2")
        assert ("pavel" in sat.shown) == (call == "accept")


async def test_the_keys_for_a_knock_are_there_only_for_a_knock(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        assert "Let in" not in sat.screen()
        assert "Them" not in sat.screen()
        await sat.press("enter")
        await sat.press("f7")
        assert not sat.calls("accept")
        await knock(sat)
        assert "Let in" in sat.screen()


async def test_a_stranger_knocks_while_one_sits_there(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        sat.session.lives("zoe", "Zoe Z.", folder="requests")
        sat.session.writes("zoe", "hello?")
        await sat.until(lambda: "Knocks 2" in sat.screen())
        await sat.press("f2")
        await sat.until(lambda: sat.shown == ["zoe", "pavel"])
        await sat.until(lambda: "Zoe Z." in sat.screen())


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
async def test_a_command_does_what_it_says_and_says_what_it_did(
    tmp_path: Path, typed: str, call: tuple[object, ...]
) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.types(typed)
        await sat.until(lambda: call in sat.session.called)
        await sat.until(lambda: sat.said)
        assert not sat.calls("send")


@pytest.mark.parametrize("typed", ["/nonsense", "/policy everyone", "/knocks maybe", "/block \u00e8", "/retry"])
async def test_a_command_that_is_none_is_said_so_and_not_sent(tmp_path: Path, typed: str) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.types(typed)
        await sat.until(lambda: sat.said)
        assert not sat.calls("send")
        assert not sat.calls("block")


async def test_a_command_that_the_server_refuses_is_said_so(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        sat.session.fail("mute", UnavailableError("no"))
        await sat.types("/mute")
        await sat.until(lambda: "can't store" in sat.said)


async def test_following_goes_over_http(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.types("/follow")
        await sat.types("/unfollow carla")
        await sat.until(lambda: sat.server.followed == [("follow", "bob"), ("unfollow", "carla")])


async def test_a_message_is_reported_with_a_reason(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await knock(sat)
        await sat.press("up", "up", "x")
        await sat.until(lambda: isinstance(sat.app.screen, Card))
        await sat.press("down", "enter")
        await sat.until(lambda: sat.calls("report"))
        assert sat.calls("report") == [("report", "pavel", "abuse", 1, True)]


async def test_what_can_be_done_about_a_person_is_on_a_card(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter", "f5")
        await sat.until(lambda: "Mute" in sat.screen())
        await sat.press("enter")
        await sat.until(lambda: sat.calls("mute") == [("mute", "bob")])


async def test_the_door_is_changed_and_says_who_gets_in(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("f6")
        await sat.until(lambda: isinstance(sat.app.screen, Door))
        asked = len(sat.calls("settings"))
        for sentence in ("everybody", "those who follow you", "those whom you follow", "nobody new"):
            assert sentence in sat.screen()
        assert "turned away" in sat.text_of("#sum")
        await sat.pilot.pause()
        assert len(sat.calls("settings")) == asked, "opening it changes nothing"
        await sat.press("down", "enter")
        await sat.until(lambda: "whom you follow" in sat.text_of("#sum"))
        await sat.press("tab", "space")
        await sat.until(lambda: "knock" in sat.text_of("#sum"))
        assert (sat.session.door.dm_policy, sat.session.door.knocks) == ("following", True)
        sat.session.fail("settings", UnavailableError("no"))
        await sat.press("space")
        await sat.until(lambda: "Not changed" in sat.text_of("#sum"))


async def test_a_message_is_found_and_opened_where_it_stands(tmp_path: Path) -> None:
    server = a_town()
    for number in range(300):
        server.session.wrote("bob", "bob", f"line {number}", now() - 1000 + number)
    async with sitting(tmp_path, server) as sat:
        await sat.press("f3")
        await sat.types("line 100")
        await sat.until(lambda: "1 found" in sat.screen())
        await sat.press("enter")
        await sat.until(lambda: "line 100\n" in sat.paper)
        assert sat.open_peer == "bob"
        assert "line 299" not in sat.paper
        await sat.until(lambda: "line 100" in sat.screen())
        for _ in range(80):
            await sat.press("pagedown")
            if "line 299" in sat.paper:
                break
        assert sat.paper.count("line 150\n") == 1


async def test_one_writes_to_somebody_new(tmp_path: Path) -> None:
    server = a_town()
    server.session.lives("nora", "Nora", folder=None)
    server.session.can_message["nora"] = "no"
    async with sitting(tmp_path, server) as sat:
        await sat.press("f4")
        await sat.types("nobody-there")
        await sat.until(lambda: "nobody of that name" in sat.text_of("#says"))
        await sat.press(*["backspace"] * 12)
        await sat.types("nora")
        await sat.until(lambda: "closed to you" in sat.text_of("#says"))
        server.session.can_message["nora"] = "yes"
        await sat.press("f9")
        await sat.until(lambda: "You can write to them" in sat.text_of("#says"))
        assert sat.server.followed == [("follow", "nora")]
        await sat.press("enter")
        await sat.until(lambda: sat.open_peer == "nora")
        await sat.until(lambda: "the first that Nora reads" in sat.text_of("#banner"))
        await sat.types("hello Nora")
        await sat.until(lambda: sat.shown[0] == "nora")
        sat.session.fail("send", NotAllowedError("no"))


async def test_a_hint_shows_what_a_command_takes_and_tab_completes_it(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter", "slash", *"pol")
        assert sat.text_of("#hint").startswith("/policy")
        await sat.press("tab")
        assert sat.text_of("#text") == "/policy "
        await sat.press("f1")
        await sat.until(lambda: "Keys" in sat.screen())
        await sat.press("escape")
        assert sat.text_of("#text") == "/policy "


async def test_one_logs_out(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.types("/logout")
        await sat.until(lambda: isinstance(sat.app.screen, SignIn))
        assert sat.memory.recall(sat.server.address) is None


async def test_what_another_device_changed_is_seen(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        sat.session.tell(events.Conversation(seq=1, peer="pavel", folder="inbox", muted=False, blocked=False))
        await sat.until(lambda: "pavel" in sat.shown)
        sat.session.tell(events.Conversation(seq=2, peer="pavel", folder="declined", muted=False, blocked=False))
        await sat.until(lambda: "pavel" not in sat.shown)
