"""The application: log in unless a login is remembered, show the main screen, log in again when the session ends."""

from textual.app import App
from textual.theme import Theme

from bussa.chat.login_store import Login, LoginStore
from bussa.chat.main_screen import MainScreen
from bussa.chat.screens.login import LoginScreen
from bussa.chat.session import Server

THEME = Theme(
    name="bussa",
    primary="#e0a458",
    secondary="#7fb7be",
    accent="#e0a458",
    warning="#e8b04a",
    error="#e5687a",
    success="#8fc27a",
    foreground="#e6e1d8",
    background="#16151a",
    surface="#1d1c22",
    panel="#27252d",
    dark=True,
)


class ChatApp(App[int]):
    """Returns the exit status."""

    CSS_PATH = "chat.tcss"
    TITLE = "bussa"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, server: Server, logins: LoginStore, user: str | None = None) -> None:
        super().__init__()
        self._server = server
        self._logins = logins
        self._user = user

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = THEME.name
        self.run_worker(self._flow())

    async def _flow(self) -> None:
        login = self._logins.get(self._server.address, self._user)
        user, reason = self._user, ""
        while True:
            if login is None:
                login = await self.push_screen_wait(LoginScreen(self._server, user, reason))
                if login is None:
                    self.exit(0)
                    return
                self._save_login(login)
            outcome = await self.push_screen_wait(MainScreen(self._server, login))
            if outcome == "quit":
                self.exit(0)
                return
            self._delete_login(login)
            user, reason = login.user, "Your session has ended. Log in again." if outcome == "refused" else ""
            login = None

    def _save_login(self, login: Login) -> None:
        try:
            self._logins.save(self._server.address, login)
        except OSError as error:
            self.notify(f"Could not save this login: {error}", severity="warning", markup=False)

    def _delete_login(self, login: Login) -> None:
        try:
            self._logins.delete(self._server.address, login.user)
        except OSError as error:
            self.notify(f"Could not delete this login: {error}", severity="error", markup=False)
