"""Beginning a conversation: a name, and what the server says of that door before one knocks at it."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from bussa.chat import safe, words
from bussa.chat.screens.card import Card
from bussa.errors import BussaError
from bussa_protocol.frames import replies
from bussa_protocol.ids import is_user_id

Profile = Callable[[str], Awaitable[replies.Profile]]


class Write(Card[replies.Profile]):
    """Gives the profile of whom to write to. The first Enter asks about them, the second opens."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "follow", "Follow", priority=True)]

    def __init__(self, profile: Profile, follow: Callable[[str], Awaitable[str]], user: str = "") -> None:
        super().__init__()
        self._profile = profile
        self._follow = follow
        self._user = user
        self._found: replies.Profile | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="card") as card:
            card.border_title = "Write to"
            card.border_subtitle = "Enter asks, then opens · F9 follows · Esc closes"
            yield Input(self._user, placeholder="user", id="who", max_length=64, compact=True)
            yield Static("Their name on this server.", id="says", markup=False)

    def on_mount(self) -> None:
        self.query_one("#who").focus()
        if self._user:
            self.run_worker(self._ask(), exclusive=True)

    def on_input_changed(self) -> None:
        self._found = None

    def on_input_submitted(self) -> None:
        if self._found is not None and self._found.can_message != "no":
            self.dismiss(self._found)
        else:
            self.run_worker(self._ask(), exclusive=True)

    def action_follow(self) -> None:
        """Follow them: where a door is open to followers, it is open then."""
        if is_user_id(self._typed):
            self.run_worker(self._follow_and_ask(), exclusive=True)

    @property
    def _typed(self) -> str:
        return self.query_one("#who", Input).value.strip()

    async def _follow_and_ask(self) -> None:
        says = await self._follow(self._typed)
        await self._ask(says)

    async def _ask(self, before: str = "") -> None:
        says = self.query_one("#says", Static)
        if not is_user_id(self._typed):
            says.update("A user name has letters, digits and _ . : - only.")
            return
        try:
            found = await self._profile(self._typed)
        except BussaError as error:
            says.update(f"{before} {words.problem(error)}".strip().capitalize() + ".")
            return
        self._found = found
        then = " Enter opens." if found.can_message != "no" else " F9 follows them; that may open it."
        says.update(f"{before} {safe.line(found.name)}: {words.CAN_MESSAGE[found.can_message]}{then}".strip())
