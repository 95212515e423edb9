"""Sitting at the desk of the chat: keys in, what stands on the screen out. No time passes but by events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.css.query import NoMatches
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from bussa.chat.app import ChatApp
from bussa.chat.conversation import Conversation
from bussa.chat.login_store import Login, LoginStore
from bussa.chat.main_screen import MainScreen
from bussa.chat.views.composer import Composer
from bussa.chat.views.message_list import MessageList
from tests.client.fake_server import FakeServer, FakeSession, populated_server

ALICE = Login("alice", "token of alice")
POLLS_MAX = 4_000
"""How often it is looked whether something has come about: Textual tells nobody when a screen has changed."""


@dataclass
class UiDriver:
    app: ChatApp
    pilot: Pilot[int]
    server: FakeServer
    logins: LoginStore

    @property
    def session(self) -> FakeSession:
        return self.server.session

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type_line(self, text: str) -> None:
        """Paste a text, for a key takes its time; then Enter."""
        focused = self.app.screen.focused
        assert focused is not None
        focused.post_message(Paste(text))
        # A busy machine may be slow to paste; Enter must not come before.
        await self.wait_until(lambda: text in str(getattr(focused, "text", getattr(focused, "value", ""))))
        await self.press("enter")

    async def wait_until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so."""
        for _ in range(POLLS_MAX):
            # What is looked for may not be on the screen yet.
            with suppress(LookupError, NoMatches):
                if condition():
                    return
            await asyncio.sleep(0.005)
        raise AssertionError(f"it never came about; on the screen:\n{self.screen()}")

    # ---- what stands there

    @property
    def main_screen(self) -> MainScreen:
        found = [screen for screen in self.app.screen_stack if isinstance(screen, MainScreen)]
        return found[-1]

    def text_of(self, selector: str) -> str:
        widget = self.app.screen.query(selector).first()
        if isinstance(widget, MessageList):
            return widget.text()
        if isinstance(widget, Composer):
            return widget.text
        assert isinstance(widget, Static)
        return str(widget.content)

    @property
    def messages_text(self) -> str:
        return self.main_screen.query_one(MessageList).text()

    @property
    def listed_peers(self) -> list[str]:
        """The conversations in the list, by their peer."""
        rows = self.main_screen.query_one("#rows", OptionList)
        return [str(rows.get_option_at_index(at).id) for at in range(rows.option_count)] if rows.display else []

    @property
    def open_peer(self) -> str | None:
        return self.main_screen.query_one(Conversation).peer

    @property
    def notifications(self) -> str:
        """What popped up."""
        return "\n".join(note.message for note in self.app._notifications)

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.session.calls if call[0] == name]

    def screen(self) -> str:
        """Every line of the screen, as it is drawn."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines)


@asynccontextmanager
async def ui_driver(
    folder: Path,
    server: FakeServer | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    login: Login | None = ALICE,
) -> AsyncIterator[UiDriver]:
    """The chat with a town of people; logged in, unless ``login`` is None."""
    server = server or populated_server()
    logins = LoginStore(folder)
    if login is not None:
        logins.save(server.address, login)
    app = ChatApp(server, logins)
    async with app.run_test(size=size) as pilot:
        ui = UiDriver(app, pilot, server, logins)
        if login is not None:
            await ui.wait_until(lambda: len(ui.listed_peers) > 0 or ui.calls("settings"))
        yield ui
