"""Drives the chat's user interface: keys in, the contents of the screen out."""

import asyncio
import inspect
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
from bussa.chat.session import Server
from bussa.chat.views.composer import Composer
from bussa.chat.views.message_list import MessageList
from tests.client.fake_server import FakeServer, FakeSession, populated_server

ALICE = Login("alice", "token of alice")
POLLS_MAX = 4_000
"""Polls of a condition before a test fails: Textual has no event for a changed screen."""


class RecordingChatApp(ChatApp):
    """Keeps the texts of all notifications."""

    # Textual resolves a relative path against the module of the subclass.
    CSS_PATH = Path(inspect.getfile(ChatApp)).with_name("chat.tcss")

    def __init__(self, server: Server, logins: LoginStore) -> None:
        super().__init__(server, logins)
        self.notifications: list[str] = []

    def notify(self, message: str, **options: Any) -> None:
        self.notifications.append(message)
        super().notify(message, **options)


@dataclass
class UiDriver:
    app: RecordingChatApp
    pilot: Pilot[int]
    server: FakeServer
    logins: LoginStore

    @property
    def session(self) -> FakeSession:
        return self.server.session

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type_line(self, text: str) -> None:
        """Paste a text, which is faster than keys; then press Enter."""
        focused = self.app.screen.focused
        assert focused is not None
        focused.post_message(Paste(text))
        # Enter must not overtake the paste on a busy machine.
        await self.wait_until(lambda: text in str(getattr(focused, "text", getattr(focused, "value", ""))))
        await self.press("enter")

    async def wait_until(self, condition: Callable[[], Any]) -> None:
        """Poll until ``condition`` is true."""
        for _ in range(POLLS_MAX):
            # The widget may not be on the screen yet.
            with suppress(LookupError, NoMatches):
                if condition():
                    return
            await asyncio.sleep(0.005)
        raise AssertionError(f"condition never true; on the screen:\n{self.screen()}")

    # ---- contents of the screen

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
        """The peers of the listed conversations."""
        rows = self.main_screen.query_one("#rows", OptionList)
        return [str(rows.get_option_at_index(at).id) for at in range(rows.option_count)] if rows.display else []

    @property
    def open_peer(self) -> str | None:
        return self.main_screen.query_one(Conversation).peer

    @property
    def notifications(self) -> str:
        """All notifications so far."""
        return "\n".join(self.app.notifications)

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.session.calls if call[0] == name]

    def screen(self) -> str:
        """The lines of the screen, as they are drawn. Textual has no public reader of rendered strips."""
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
    """The running chat, logged in unless ``login`` is None."""
    server = server or populated_server()
    logins = LoginStore(folder)
    if login is not None:
        logins.save(server.address, login)
    app = RecordingChatApp(server, logins)
    async with app.run_test(size=size) as pilot:
        ui = UiDriver(app, pilot, server, logins)
        if login is not None:
            await ui.wait_until(lambda: len(ui.listed_peers) > 0 or ui.calls("settings"))
        yield ui
