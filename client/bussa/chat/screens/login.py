"""The login screen: log in or sign up."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Static
from textual.worker import Worker

from bussa.chat import texts
from bussa.chat.login_store import Login
from bussa.chat.session import Server
from bussa.errors import BussaError
from bussa_protocol import limits
from bussa_protocol.ids import is_user_id


class LoginScreen(Screen[Login | None]):
    """Returns a login, or None if the user quits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "other", "Sign up / log in", key_display="F2", priority=True),
        Binding("ctrl+q,escape", "leave", "Quit", priority=True),
        # Priority bindings act at once: a password manager types name, tab and password in one burst.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, server: Server, user: str | None, reason: str = "") -> None:
        super().__init__()
        self._server = server
        self._user = user or ""
        self._reason = reason
        self._signing_up = False
        self._attempt: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="login"):
            yield Static("bussa", id="logo", markup=False)
            yield Static(self._server.address, id="address", markup=False)
            yield Static(id="what", markup=False)
            yield Input(self._user, placeholder="user", id="user", max_length=64, compact=True)
            yield Input(placeholder="password", id="password", password=True, max_length=1024, compact=True)
            yield Input(placeholder="name (as others see it)", id="name", max_length=limits.NAME, compact=True)
            yield Static(self._reason, id="why", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._draw()
        self.query_one("#password" if self._user else "#user", Input).focus()

    def _draw(self) -> None:
        what = "Create an account (F2: log in)" if self._signing_up else "Log in (F2: create an account)"
        self.query_one("#what", Static).update(what)
        self.query_one("#name", Input).display = self._signing_up

    def action_other(self) -> None:
        """Switch between log-in and sign-up."""
        self._signing_up = not self._signing_up
        self._show_message("")
        self._draw()

    def action_leave(self) -> None:
        """Quit."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        fields = [field for field in self.query(Input) if field.display]
        empty = next((field for field in fields if not field.value.strip() and field.id != "name"), None)
        if empty is not None:
            empty.focus()
        elif self._signing_up and event.input.id != "name":
            fields[fields.index(event.input) + 1].focus()
        elif self._attempt is None or self._attempt.is_finished:
            self._attempt = self.run_worker(self._log_in())

    async def _log_in(self) -> None:
        user, password, name = (self.query_one(f"#{field}", Input).value for field in ("user", "password", "name"))
        user = user.strip()
        if not is_user_id(user):
            self._show_message(texts.INVALID_USER)
            return
        self._show_message("…")
        try:
            if self._signing_up:
                login = await self._server.sign_up(user, password, name.strip() or None)
            else:
                login = await self._server.log_in(user, password)
        except BussaError as error:
            self._show_message(texts.problem(error))
            self.query_one("#password", Input).focus()
            return
        self.dismiss(login)

    def _show_message(self, text: str) -> None:
        self.query_one("#why", Static).update(text)
