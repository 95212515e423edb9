"""At the desk: reading, writing, what fails and is tried again, and the line that breaks."""

import asyncio
import itertools
from pathlib import Path

import pytest
from textual.events import Key

from bussa.chat.memory import Login
from bussa.chat.screens.signin import SignIn
from bussa.errors import DeadlineError, NotAllowedError, TokenRefusedError, UnreachableError
from bussa.feed import Cursor, Reset
from bussa.life import Status
from bussa_protocol.frames import events
from tests.client.fake_town import FakeServer, FakeSession, a_town, now
from tests.client.sitting import sitting


async def test_one_logs_in_once_and_is_remembered(tmp_path: Path) -> None:
    async with sitting(tmp_path, login=None) as sat:
        await sat.until(lambda: isinstance(sat.app.screen, SignIn))
        await sat.types("alice")
        await sat.types("wrong")
        await sat.until(lambda: "not the right name" in sat.text_of("#why"))
        await sat.press(*["backspace"] * 5)
        await sat.types("right")
        await sat.until(lambda: sat.shown)
        assert sat.memory.recall(sat.server.address) == Login("alice", "token of alice")
    async with sitting(tmp_path, login=None) as sat:
        await sat.until(lambda: sat.shown)


async def test_a_password_manager_types_everything_at_once(tmp_path: Path) -> None:
    async with sitting(tmp_path, login=None) as sat:
        await sat.until(lambda: isinstance(sat.app.screen, SignIn) and sat.app.screen.focused is not None)
        for key in (*"alice", "tab", *"right", "enter"):
            sat.app.post_message(Key(key, key if len(key) == 1 else None))
        await sat.until(lambda: sat.shown)
        assert sat.memory.recall(sat.server.address) == Login("alice", "token of alice")


async def test_one_signs_up(tmp_path: Path) -> None:
    async with sitting(tmp_path, FakeServer(FakeSession("nuala")), login=None) as sat:
        await sat.until(lambda: isinstance(sat.app.screen, SignIn))
        await sat.press("f2")
        await sat.types("alice")
        await sat.types("secret")
        await sat.types("Alice")
        await sat.until(lambda: "somebody has that name" in sat.text_of("#why"))
        await sat.press("shift+tab", *["backspace"] * 5)
        await sat.types("nuala")
        await sat.press("tab", "enter")
        await sat.until(lambda: sat.calls("conversations"))
        assert sat.memory.recall(sat.server.address, "nuala") is not None


async def test_a_login_that_has_run_out_is_asked_for_again(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        sat.session.tell(TokenRefusedError(4401, "token refused"))
        # Focused is what the screen does last when it is made.
        await sat.until(lambda: isinstance(sat.app.screen, SignIn) and sat.app.screen.focused is not None)
        assert "run out" in sat.text_of("#why")
        assert sat.memory.recall(sat.server.address) is None


async def test_a_conversation_is_opened_read_and_marked(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        assert sat.shown == ["bob", "carla", "dai", "ed"]
        assert "Inbox 1" in sat.screen()
        assert not sat.calls("read"), "what is not opened is not read"
        await sat.press("enter")
        await sat.until(lambda: sat.calls("read"))
        assert sat.calls("read") == [("read", "bob", 5)]
        await sat.until(lambda: "── new ──" in sat.paper)  # once it is laid out in its width
        await sat.until(lambda: "↳ you: And the small boat" in sat.paper)
        await sat.until(lambda: "Inbox 1" not in sat.screen())


async def test_a_message_goes_out_and_is_marked_as_it_gets_on(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        sat.session.held["send"] = asyncio.Event()
        await sat.types("ciao [b]bob[/]")
        await sat.until(lambda: "○" in sat.paper)
        sat.session.held["send"].set()
        await sat.until(lambda: "○" not in sat.paper)
        assert sat.paper.splitlines()[-1].split() == ["ciao", "[b]bob[/]", "✓"]
        sat.session.tell(events.Read(seq=9, peer="bob", by="bob", n=6))
        await sat.until(lambda: sat.paper.splitlines()[-1].endswith("✓✓"))
        assert sat.text_of("#text") == ""


@pytest.mark.parametrize("error", [NotAllowedError("no"), DeadlineError("nonce")])
async def test_a_message_that_fails_stays_and_is_tried_again_under_its_nonce(tmp_path: Path, error: Exception) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        sat.session.fail("send", error)
        await sat.types("ciao")
        await sat.until(lambda: "✗" in sat.paper)
        assert "/retry tries again" in " ".join(sat.paper.split())
        await sat.types("/retry")
        await sat.until(lambda: "✗" not in sat.paper and "ciao" in sat.paper)
        first, second = sat.calls("send")
        assert first == second, "the same words under the same nonce"
        await sat.types("/retry")
        await sat.until(lambda: "nothing here has failed" in sat.said)


async def test_what_comes_in_is_shown_and_counted(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        sat.session.writes("bob", "here already")
        await sat.until(lambda: "here already" in sat.paper)
        assert sat.calls("read")[-1] == ("read", "bob", 6)
        sat.session.writes("carla", "and me?")
        await sat.until(lambda: sat.shown[0] == "carla")
        assert "Inbox 1" in sat.screen()
        assert "and me?" not in sat.paper


async def test_what_comes_in_while_one_reads_further_up_is_not_marked_as_read(tmp_path: Path) -> None:
    server = a_town()
    for number in range(200):
        server.session.wrote("bob", "bob", f"line {number}", now() - 1000 + number)
    async with sitting(tmp_path, server) as sat:
        await sat.press("enter")
        await sat.until(lambda: "line 199" in sat.paper)
        reads = len(sat.calls("read"))
        await sat.press("up", "pageup", "pageup")
        before = sat.screen()
        sat.session.writes("bob", "news")
        await sat.until(lambda: "news" in sat.paper)
        assert len(sat.calls("read")) == reads
        assert _talk(sat.screen()) == _talk(before), "what one reads stays where it is"
        await sat.press("end")
        await sat.until(lambda: len(sat.calls("read")) > reads)


async def test_what_comes_in_while_one_looks_elsewhere_is_read_when_one_comes_back(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.until(lambda: sat.calls("read"))
        sat.app.app_focus = False
        sat.session.writes("bob", "psst")
        await sat.until(lambda: "psst" in sat.paper)
        assert len(sat.calls("read")) == 1
        sat.app.app_focus = True
        await sat.until(lambda: sat.calls("read")[-1] == ("read", "bob", 6))


def _talk(screen: str) -> list[str]:
    lines = [line.partition("▎")[2].strip() for line in screen.splitlines()]
    return [line for line in lines if line.startswith("line ")]


async def test_older_messages_come_as_one_scrolls_up(tmp_path: Path) -> None:
    server = a_town()
    for number in range(300):
        server.session.wrote("bob", "bob", f"line {number}", now() - 1000 + number)
    async with sitting(tmp_path, server) as sat:
        await sat.press("enter")
        await sat.until(lambda: "line 299" in sat.paper)
        assert "line 200" not in sat.paper
        await sat.press("up")
        tops: list[int] = []
        for _ in range(60):
            await sat.press("pageup")
            if "Are we still on" in sat.paper:
                break
            await sat.until(lambda: _talk(sat.screen()))
            tops.append(int(_talk(sat.screen())[0].split()[1]))
        await sat.until(lambda: "Are we still on" in sat.paper)
        leaps = [above - below for above, below in itertools.pairwise(tops)]
        assert all(0 <= leap <= 24 for leap in leaps), f"what one reads stays in sight: {tops}"
        assert sat.paper.count("line 250") == 1


async def test_a_sign_of_writing_is_given_and_taken(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.press(*"hey")
        await sat.until(lambda: sat.calls("typing"))
        assert sat.calls("typing") == [("typing", "bob")], "not for every letter"
        sat.session.tell(events.Typing(peer="bob"))
        await sat.until(lambda: "is writing" in sat.text_of("#hint"))


async def test_what_is_half_written_stays_with_its_conversation(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.press(*"half")
        await sat.press("escape", "down", "enter")
        assert (sat.open_peer, sat.text_of("#text")) == ("carla", "")
        await sat.press("escape", "up", "enter")
        assert (sat.open_peer, sat.text_of("#text")) == ("bob", "half")


async def test_a_message_is_answered(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.until(lambda: "jumper" in sat.paper)
        await sat.press("up", "up", "up", "r")
        assert "↳ answers" in sat.text_of("#hint")
        await sat.types("right")
        await sat.until(lambda: sat.calls("send"))
        assert sat.calls("send")[0][1:4] == ("bob", "right", 4)


async def test_the_line_breaks_and_the_screen_says_so(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        assert "● live" in sat.screen()
        sat.server.watch(Status.CONNECTING)
        await sat.until(lambda: "reconnecting" in sat.screen())
        sat.server.watch(Status.LIVE)
        await sat.until(lambda: "● live" in sat.screen())


async def test_where_the_line_is_given_up_it_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bussa.chat.link.AGAIN_SECONDS", 0.0)
    async with sitting(tmp_path) as sat:
        sat.server.refuses = [UnreachableError("nobody there")] * 2
        sat.session.tell(UnreachableError("gone"))
        await sat.until(lambda: sat.server.opened == 2 and "● live" in sat.screen())
        assert sat.shown == ["bob", "carla", "dai", "ed"]


async def test_a_reset_reads_everything_anew(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.until(lambda: "jumper" in sat.paper)
        sat.session.wrote("bob", "bob", "missed", now())
        sat.session.wrote("carla", "carla", "missed too", now() + 5)
        sat.session.tell(Reset(Cursor("one", 9)))
        await sat.until(lambda: "missed" in sat.paper)
        assert sat.shown[0] == "carla"


async def test_more_conversations_come_as_one_goes_down_the_list(tmp_path: Path) -> None:
    server = a_town()
    for number in range(70):
        server.session.lives(f"p{number:02}")
        server.session.wrote(f"p{number:02}", f"p{number:02}", "hello", now() - 1000 * number)
    async with sitting(tmp_path, server) as sat:
        assert len(sat.shown) == 50
        await sat.press("end")
        await sat.until(lambda: len(sat.shown) == 74)


@pytest.mark.parametrize("size", [(40, 12), (20, 8)])
async def test_a_narrow_terminal_shows_one_thing_at_a_time(tmp_path: Path, size: tuple[int, int]) -> None:
    async with sitting(tmp_path, size=size) as sat:
        assert sat.desk.query_one("#sidebar").region.width == size[0]
        await sat.press("enter")
        await sat.until(lambda: sat.desk.query_one("#conversation").region.width == size[0])
        await sat.press("escape")
        await sat.until(lambda: sat.desk.query_one("#sidebar").region.width == size[0])


async def test_one_leaves(tmp_path: Path) -> None:
    async with sitting(tmp_path) as sat:
        await sat.press("ctrl+q")
        await sat.until(lambda: sat.app.return_code == 0)
    async with sitting(tmp_path) as sat:
        await sat.press("enter")
        await sat.types("/quit")
        await sat.until(lambda: sat.app.return_value == 0)
