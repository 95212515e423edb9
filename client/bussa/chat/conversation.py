"""The open conversation: title, messages, banner, hint and composer."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static, TextArea

from bussa.chat import commands, labels, sanitize, texts
from bussa.chat.commands import ParsedCommand
from bussa.chat.conversation_store import ConversationStore, Row
from bussa.chat.session import Session
from bussa.chat.thread import Outgoing, new_nonce
from bussa.chat.views.composer import TYPING_INTERVAL_SECONDS, Composer
from bussa.chat.views.message_lines import fit
from bussa.chat.views.message_list import MessageList
from bussa.errors import BussaError, ConflictError, UnreachableError

Reply = TypeVar("Reply")

PAGE_SIZE = 50


class Conversation(Vertical):
    """Shows one conversation at a time; drafts of the others are kept."""

    class Command(Message):
        """A command was typed."""

        def __init__(self, parsed: ParsedCommand) -> None:
            super().__init__()
            self.parsed = parsed

    class Changed(Message):
        """The list of conversations has to be redrawn."""

    def __init__(self, store: ConversationStore, session: Callable[[], Session | None], id: str) -> None:
        super().__init__(id=id)
        self.peer: str | None = None
        self._store = store
        self._session = session
        self._drafts: dict[str, str] = {}
        self._reply_to: int | None = None
        self._typing_sent_at = 0.0
        self._fetching = False

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Static(id="welcome", markup=False)
        yield MessageList(id="message-list")
        yield Static(id="banner", markup=False)
        yield Static(id="hint", markup=False)
        yield Composer(id="text")

    def on_mount(self) -> None:
        # Messages that arrived while the terminal had no focus are read once it has it again.
        self.watch(self.app, "app_focus", lambda focused: self._mark_read() if focused else None, init=False)

    @property
    def row(self) -> Row | None:
        return None if self.peer is None else self._store.row(self.peer)

    # ---- opening

    def open(self, peer: str, n: int | None = None) -> None:
        """Show the conversation with ``peer``, at its end or at the message ``n``."""
        composer = self.query_one(Composer)
        if self.peer is not None:
            self._drafts[self.peer] = composer.text
        self.peer, self._reply_to = peer, None
        composer.set_text(self._drafts.pop(peer, ""))
        thread, row = self._store.thread(peer), self._store.row(peer)
        thread.unread_from = row.read + 1 if row.unread else None
        if (n is not None and not (thread.loaded and thread.find(n))) or (n is None and thread.more_after):
            thread.loaded = False
        self.draw()
        if n is None:
            composer.focus()
        else:
            self.query_one(MessageList).focus()
        self._load(n)

    def _load(self, n: int | None = None) -> None:
        # In a worker: a reconnect must not block the keyboard.
        self.run_worker(self._load_messages(n), group="load", exclusive=True)

    async def _load_messages(self, n: int | None) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None:
            return
        thread, row = self._store.thread(peer), self._store.row(peer)
        if not thread.loaded:
            before = None if n is None else n + PAGE_SIZE // 2
            page = await self._reply_or_notify(session.history(peer, before=before, limit=PAGE_SIZE))
            if page is None:
                return
            last = page.messages[-1].n if page.messages else 0
            thread.load(page, more_after=n is not None and row.last is not None and last < row.last.n)
            self.draw()
        if n is not None:
            self.query_one(MessageList).scroll_to_message(n)
        self._mark_read()

    def on_message_list_older(self) -> None:
        self.run_worker(self._fetch(older=True), group="page")

    def on_message_list_newer(self) -> None:
        self.run_worker(self._fetch(older=False), group="page")

    def on_message_list_newest(self) -> None:
        if self.peer is not None and self._store.thread(self.peer).more_after:
            self._store.thread(self.peer).loaded = False
            self._load()
        self.query_one(MessageList).scroll_end(animate=False)

    def on_message_list_at_end(self) -> None:
        self._mark_read()

    async def _fetch(self, *, older: bool) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None or self._fetching:
            return
        thread = self._store.thread(peer)
        if not thread.loaded or not (thread.more_before if older else thread.more_after):
            return
        self._fetching = True
        try:
            edge = {"before": thread.first} if older else {"after": thread.last}
            page = await self._reply_or_notify(session.history(peer, **edge, limit=PAGE_SIZE))
        finally:
            self._fetching = False
        if page is not None and thread.loaded:
            (thread.prepend if older else thread.append)(page)
            self.draw()

    # ---- drawing

    def store_changed(self, peer: str | None) -> None:
        """The store has changed: one conversation, or (None) all of it."""
        if self.peer is None:
            self.draw()
            return
        if peer not in (None, self.peer):
            return
        if not self._store.thread(self.peer).loaded:
            self._load()
        self.draw()
        self._mark_read()

    def draw(self) -> None:
        """Redraw everything."""
        row = self.row
        welcome = self.query_one("#welcome", Static)
        welcome.display, self.query_one(MessageList).display = row is None, row is not None
        if row is None:
            welcome.update(labels.welcome(self._store.settings))
            return
        thread = self._store.thread(row.peer)
        self.query_one(MessageList).show(thread, row)
        self.query_one("#title", Static).update(fit(labels.title(row), self._width))
        banner, text = self.query_one("#banner", Static), labels.banner(row, thread)
        banner.update(text)
        banner.display = bool(text)
        self.draw_hint()

    def draw_hint(self) -> None:
        """Redraw the line above the composer."""
        quoted, typing_name = None, None
        if self.peer is not None:
            quoted = self._store.thread(self.peer).find(self._reply_to)
            if self._store.is_typing(self.peer, time.monotonic()):
                typing_name = self._store.row(self.peer).name
        text = labels.hint(self.query_one(Composer).text, quoted, typing_name)
        self.query_one("#hint", Static).update(fit(text, self._width))

    @property
    def _width(self) -> int:
        return max(10, self.size.width - 2)

    # ---- reading

    def _mark_read(self) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None or not self.app.app_focus:
            return
        row, thread = self._store.row(peer), self._store.thread(peer)
        n = thread.last
        if thread.more_after or not thread.loaded or n <= row.read or not self.query_one(MessageList).is_at_end:
            return
        self._store.mark_read(peer, n)
        self.post_message(self.Changed())
        self.run_worker(self._reply_or_notify(session.read(peer, n)))

    def on_message_list_action_chosen(self, event: MessageList.ActionChosen) -> None:
        if self.peer is None:
            return
        message = self._store.thread(self.peer).find(event.n)
        if event.action == "reply":
            self._reply_to = event.n
            self.query_one(Composer).focus()
            self.draw_hint()
        elif event.action == "copy" and message is not None:
            self.app.copy_to_clipboard(sanitize.plain(message.text))
            self.notify("Copied.", markup=False)
        elif event.action == "report":
            self.post_message(self.Command(labels.report_command(event.n)))

    # ---- writing

    def cancel_reply(self) -> bool:
        """Cancel the reply; False if there was none."""
        was, self._reply_to = self._reply_to is not None, None
        self.draw_hint()
        return was

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        text, now, session = event.text_area.text, time.monotonic(), self._session()
        self.draw_hint()
        row = self.row
        if row is None or session is None or not text or text.startswith("/") or row.folder != "inbox":
            return
        if now - self._typing_sent_at >= TYPING_INTERVAL_SECONDS:
            self._typing_sent_at = now
            self.run_worker(self._reply_or_notify(session.typing(row.peer)))

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        try:
            typed = commands.parse(event.text)
        except commands.UnknownCommandError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        match typed:
            case None:
                return
            case ParsedCommand():
                self.query_one(Composer).set_text("")
                self.post_message(self.Command(typed))
            case commands.PlainText(text):
                self._submit(text)

    def _submit(self, text: str) -> None:
        if self.peer is None:
            self.notify("choose a recipient first: Enter in the list, or F4", severity="warning", markup=False)
            return
        too_long = labels.too_long(text)
        if too_long is not None:
            self.notify(too_long, severity="warning", markup=False)
            return
        thread = self._store.thread(self.peer)
        outgoing = thread.add_outgoing(text, int(time.time() * 1000), self._reply_to)
        thread.unread_from = self._reply_to = None
        self.query_one(Composer).set_text("")
        if thread.more_after:
            thread.loaded = False
            self._load()
        self._send(self.peer, outgoing)
        self.draw()
        self.query_one(MessageList).scroll_end(animate=False)

    def retry(self) -> int:
        """Send the failed messages of the open conversation again. Returns how many."""
        if self.peer is None:
            return 0
        retried = self._store.thread(self.peer).retry()
        for outgoing in retried:
            self._send(self.peer, outgoing)
        self.draw()
        return len(retried)

    def _send(self, peer: str, outgoing: Outgoing) -> None:
        self.run_worker(self._deliver(peer, outgoing))

    async def _deliver(self, peer: str, outgoing: Outgoing) -> None:
        thread, session = self._store.thread(peer), self._session()
        try:
            if session is None:
                raise UnreachableError("no session")
            sent = await session.send(peer, outgoing.text, reply_to=outgoing.reply_to, nonce=outgoing.nonce)
        except BussaError as error:
            thread.fail(outgoing, texts.problem(error))
            if isinstance(error, ConflictError):
                outgoing.nonce = new_nonce()
            if peer != self.peer:
                self.notify(f"Message to {peer} not sent: {outgoing.error}", severity="error", markup=False)
        else:
            self._store.record_sent(peer, thread.confirm(outgoing, sent))
        self.post_message(self.Changed())
        self.store_changed(peer)

    async def _reply_or_notify(self, call: Awaitable[Reply]) -> Reply | None:
        """The reply; None after an error, which is shown as a notification."""
        try:
            return await call
        except BussaError as error:
            self.notify(texts.problem(error), severity="warning", markup=False)
            return None
