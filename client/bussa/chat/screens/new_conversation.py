"""The new-conversation dialog: a user name, and whether that user can be messaged."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from bussa.chat import sanitize, texts
from bussa.chat.screens.dialog import Dialog
from bussa.errors import BussaError
from bussa_protocol.frames import replies
from bussa_protocol.ids import is_user_id

FetchProfile = Callable[[str], Awaitable[replies.ProfileReply]]


class NewConversationDialog(Dialog[replies.ProfileReply]):
    """Returns the recipient's profile. The first Enter looks the user up, the second opens the conversation."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "follow", "Follow", priority=True)]

    def __init__(self, profile: FetchProfile, follow: Callable[[str], Awaitable[str]], user: str = "") -> None:
        super().__init__()
        self._fetch_profile = profile
        self._follow = follow
        self._user = user
        self._found: replies.ProfileReply | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "New message"
            dialog.border_subtitle = "Enter finds, then opens · F9 follows · Esc closes"
            yield Input(self._user, placeholder="user name", id="who", max_length=64, compact=True)
            yield Static("Enter the exact user name.", id="result", markup=False)

    def on_mount(self) -> None:
        self.query_one("#who").focus()
        if self._user:
            self.run_worker(self._look_up(), exclusive=True)

    def on_input_changed(self) -> None:
        self._found = None

    def on_input_submitted(self) -> None:
        if self._found is not None and self._found.can_message != "no":
            self.dismiss(self._found)
        else:
            self.run_worker(self._look_up(), exclusive=True)

    def action_follow(self) -> None:
        """Follow the user: a policy may accept messages of followers."""
        if is_user_id(self._typed):
            self.run_worker(self._follow_and_look_up(), exclusive=True)

    @property
    def _typed(self) -> str:
        return self.query_one("#who", Input).value.strip()

    async def _follow_and_look_up(self) -> None:
        outcome = await self._follow(self._typed)
        await self._look_up(outcome)

    async def _look_up(self, before: str = "") -> None:
        status = self.query_one("#result", Static)
        if not is_user_id(self._typed):
            status.update(f"{texts.INVALID_USER.capitalize()}.")
            return
        try:
            found = await self._fetch_profile(self._typed)
        except BussaError as error:
            status.update(f"{before} {texts.problem(error)}".strip().capitalize() + ".")
            return
        self._found = found
        then = " Enter opens." if found.can_message != "no" else " F9 follows them; that may help."
        status.update(f"{before} {sanitize.line(found.name)}: {texts.CAN_MESSAGE[found.can_message]}{then}".strip())
