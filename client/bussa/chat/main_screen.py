"""The main screen: the list of conversations, the open conversation, and dialogs."""

import time
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer

from bussa.chat import command_handlers, sanitize, texts
from bussa.chat.command_handlers import CommandContext, UsageError
from bussa.chat.commands import BY_NAME, ParsedCommand
from bussa.chat.conversation import Conversation
from bussa.chat.conversation_store import TYPING_SECONDS, ConversationStore
from bussa.chat.login_store import Login
from bussa.chat.screens.help import HelpDialog
from bussa.chat.screens.new_conversation import NewConversationDialog
from bussa.chat.screens.privacy import PrivacyDialog
from bussa.chat.screens.search import SearchDialog
from bussa.chat.screens.user_actions import ReportDialog, UserActionsDialog
from bussa.chat.server_connection import ServerConnection
from bussa.chat.session import Server, Session
from bussa.chat.views.sidebar import Sidebar
from bussa.chat.views.status_bar import StatusBar
from bussa.errors import BussaError, TokenRefusedError
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import events, replies


class MainScreen(Screen[str]):
    """Returns why it was closed: ``quit``, ``logout`` or ``refused`` (the session has ended)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", key_display="F1", priority=True),
        Binding("f2", "folder", "Knocks", key_display="F2", priority=True),
        Binding("f3", "find", "Find", key_display="F3", priority=True),
        Binding("f4", "write", "Write", key_display="F4", priority=True),
        Binding("f5", "person", "Them", key_display="F5", priority=True),
        Binding("f6", "door", "Door", key_display="F6", priority=True),
        Binding("f7", "accept", "Accept", key_display="F7", priority=True),
        Binding("f8", "decline", "Decline", key_display="F8", priority=True),
        Binding("escape", "back", "List", show=False),
        Binding("ctrl+q", "app.quit", "Quit", priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-wide")]  # noqa: RUF012 - the type is Textual's

    def __init__(self, server: Server, login: Login) -> None:
        super().__init__()
        self._server = server
        self._login = login
        self._store = ConversationStore(login.user)
        self._server_connection = ServerConnection(
            server, login, self._store, on_change=self._store_changed, on_status=self._show_status, clock=time.monotonic
        )
        self._command_context = CommandContext(server, login, self._store, lambda: self._server_connection.session)
        self._typing_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusBar(self._login.user, self._server.address, id="status-bar")
        with Horizontal(id="main"):
            yield Sidebar(id="sidebar")
            yield Conversation(self._store, lambda: self._server_connection.session, id="conversation")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._sidebar.focus_rows()
        self._draw_list()
        self.run_worker(self._run_connection())

    @property
    def _sidebar(self) -> Sidebar:
        return self.query_one(Sidebar)

    @property
    def _conversation(self) -> Conversation:
        return self.query_one(Conversation)

    # ---- connection

    async def _run_connection(self) -> None:
        try:
            await self._server_connection.run()
        except TokenRefusedError:
            self.dismiss("refused")

    def _show_status(self, status: ConnectionStatus, reason: str) -> None:
        if self.is_attached:
            self.query_one(StatusBar).set_status(status, reason)

    def _store_changed(self, event: events.Event | None) -> None:
        peer = getattr(event, "peer", None)
        self._conversation.store_changed(peer)
        if isinstance(event, events.TypingEvent):
            self._typing_timer = self.set_timer(TYPING_SECONDS + 0.1, self._conversation.draw_hint)
            return
        self._draw_list()
        if isinstance(event, events.MessageEvent) and event.sender != self._login.user:
            row = self._store.row(event.peer)
            if not row.muted and not row.knock and (event.peer != self._conversation.peer or not self.app.app_focus):
                self.app.bell()

    def _draw_list(self) -> None:
        self._sidebar.show(self._store, self._conversation.peer)
        self.refresh_bindings()

    def on_conversation_changed(self) -> None:
        self._draw_list()

    def on_sidebar_resized(self) -> None:
        self._draw_list()

    def on_sidebar_near_end(self) -> None:
        self.run_worker(self._load_more(), group="folder", exclusive=True)

    async def _load_more(self) -> None:
        try:
            await self._server_connection.load_more(self._sidebar.folder)
        except BussaError as error:
            self.notify(texts.problem(error), severity="warning", markup=False)
        self._draw_list()

    # ---- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Accept and decline need an open knock; user actions need an open conversation."""
        row = self._conversation.row if self.is_mounted else None
        if action in ("accept", "decline"):
            return row is not None and row.knock
        if action == "person":
            return row is not None
        # A dialog has its own keys: those of this screen are disabled meanwhile.
        return self.is_current

    def on_sidebar_opened(self, event: Sidebar.Opened) -> None:
        self._open(event.peer)

    def _open(self, peer: str, n: int | None = None) -> None:
        self.add_class("-open")
        self._conversation.open(peer, n)
        self._draw_list()

    def action_back(self) -> None:
        """Cancel the reply, else return to the list."""
        if not self._conversation.cancel_reply():
            self.remove_class("-open")
            self._sidebar.focus_rows()

    def action_folder(self) -> None:
        """Switch folders."""
        self._show_folder("requests" if self._sidebar.folder == "inbox" else "inbox")

    def _show_folder(self, folder: str) -> None:
        self._sidebar.folder = "requests" if folder == "requests" else "inbox"
        self.remove_class("-open")
        self._draw_list()
        self._sidebar.focus_rows()

    def on_composer_left(self) -> None:
        self.query_one("#message-list").focus()

    def action_accept(self) -> None:
        self._run_or_show(ParsedCommand(BY_NAME["accept"], ()))

    def action_decline(self) -> None:
        self._run_or_show(ParsedCommand(BY_NAME["decline"], ()))

    # ---- dialogs

    def action_help(self) -> None:
        self.app.push_screen(HelpDialog())

    def action_find(self, typed: str = "") -> None:
        session = self._session()
        if session is None:
            return

        def search(query: str, before: str | None) -> Awaitable[replies.SearchReply]:
            return session.search(query, before=before)

        def found(hit: tuple[str, int] | None) -> None:
            if hit is not None:
                self._open(*hit)

        self.app.push_screen(SearchDialog(search, self._command_context.display_name, typed), found)

    def action_write(self, user: str = "") -> None:
        session = self._session()
        if session is None:
            return

        def chosen(profile: replies.ProfileReply | None) -> None:
            if profile is not None:
                self._store.row(profile.user).name = profile.name or profile.user
                self._open(profile.user)

        self.app.push_screen(NewConversationDialog(session.profile, self._command_context.follow, user), chosen)

    def action_person(self) -> None:
        row = self._conversation.row

        def chosen(name: str | None) -> None:
            if name is not None:
                self._run_or_show(ParsedCommand(BY_NAME[name], ()))

        if row is not None:
            self.app.push_screen(UserActionsDialog(row), chosen)

    def action_door(self) -> None:
        session = self._session()
        if session is not None and self._store.settings is not None:
            self.app.push_screen(PrivacyDialog(self._store.settings, self._command_context.change_settings))

    def _confirm_report(self, n: int | None) -> None:
        row = self._conversation.row
        if row is None:
            return
        what = f"Message {n} of this conversation." if n is not None else "The whole conversation."

        def chosen(outcome: tuple[str, bool] | None) -> None:
            if outcome is not None:
                reason, blocks = outcome
                arguments = [reason, *(["block"] if blocks else []), *([str(n)] if n is not None else [])]
                self.run_worker(self._run_command("report", tuple(arguments)))

        self.app.push_screen(ReportDialog(row, what), chosen)

    # ---- commands

    def on_conversation_command(self, event: Conversation.Command) -> None:
        self._run_or_show(event.parsed)

    def _run_or_show(self, parsed: ParsedCommand) -> None:
        name, arguments = parsed.command.name, parsed.arguments
        local: dict[str, Callable[[], object]] = {
            "help": self.action_help,
            "door": self.action_door,
            "find": lambda: self.action_find(parsed.argument_text),
            "write": lambda: self.action_write(parsed.argument_text),
            "inbox": lambda: self._show_folder("inbox"),
            "requests": lambda: self._show_folder("requests"),
            "retry": self._retry,
            "logout": lambda: self.dismiss("logout"),
            "quit": lambda: self.dismiss("quit"),
        }
        if name == "report" and not (arguments and arguments[0] in command_handlers.REASONS):
            self._confirm_report(int(arguments[0]) if arguments and arguments[0].isdecimal() else None)
        elif name in local:
            local[name]()
        else:
            self.run_worker(self._run_command(name, arguments))

    async def _run_command(self, name: str, arguments: tuple[str, ...]) -> None:
        try:
            peer, text = await command_handlers.run_command(
                self._command_context, name, arguments, self._conversation.peer
            )
        except UsageError as error:
            self._warn(str(error))
            return
        except BussaError as error:
            self._warn(texts.problem(error))
            return
        self.notify(sanitize.line(text), markup=False)
        self._conversation.store_changed(peer)
        self._draw_list()

    def _retry(self) -> None:
        if not self._conversation.retry():
            self._warn("no failed messages in this conversation")

    def _session(self) -> Session | None:
        if self._server_connection.session is None:
            self._warn("not connected yet")
        return self._server_connection.session

    def _warn(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)
