"""The open conversation: its messages, what is said about it, and the text that one writes."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static, TextArea

from bussa.chat import commands, safe, says, words
from bussa.chat.book import Book, Row
from bussa.chat.commands import Spoken
from bussa.chat.session import Session
from bussa.chat.thread import Outgoing, new_nonce
from bussa.chat.views.composer import WRITING_SECONDS, Composer
from bussa.chat.views.lines import fit
from bussa.chat.views.paper import Paper
from bussa.errors import BussaError, ConflictError, UnreachableError

Reply = TypeVar("Reply")

PAGE = 50


class Conversation(Vertical):
    """One conversation at a time; what is half written in another is kept."""

    class Command(Message):
        """A command was typed."""

        def __init__(self, spoken: Spoken) -> None:
            super().__init__()
            self.spoken = spoken

    class Changed(Message):
        """The list of conversations has to be drawn anew."""

    def __init__(self, book: Book, session: Callable[[], Session | None], id: str) -> None:
        super().__init__(id=id)
        self.peer: str | None = None
        self._book = book
        self._session = session
        self._drafts: dict[str, str] = {}
        self._reply_to: int | None = None
        self._said_typing = 0.0
        self._fetching = False

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Static(id="welcome", markup=False)
        yield Paper(id="paper")
        yield Static(id="banner", markup=False)
        yield Static(id="hint", markup=False)
        yield Composer(id="text")

    def on_mount(self) -> None:
        # Who comes back to the terminal reads what has come meanwhile.
        self.watch(self.app, "app_focus", lambda focused: self._mark_read() if focused else None, init=False)

    @property
    def row(self) -> Row | None:
        return None if self.peer is None else self._book.row(self.peer)

    # ---- opening

    def open(self, peer: str, n: int | None = None) -> None:
        """Show the conversation with ``peer``, at its end or at the message ``n``."""
        composer = self.query_one(Composer)
        if self.peer is not None:
            self._drafts[self.peer] = composer.text
        self.peer, self._reply_to = peer, None
        composer.put(self._drafts.pop(peer, ""))
        thread, row = self._book.thread(peer), self._book.row(peer)
        thread.fresh_from = row.read + 1 if row.unread else None
        if (n is not None and not (thread.loaded and thread.find(n))) or (n is None and thread.more_after):
            thread.loaded = False
        self.draw()
        if n is None:
            composer.focus()
        else:
            self.query_one(Paper).focus()
        self._load(n)

    def _load(self, n: int | None = None) -> None:
        # In the background: a line that is being mended must not hold up the keys.
        self.run_worker(self._loaded(n), group="load", exclusive=True)

    async def _loaded(self, n: int | None) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None:
            return
        thread, row = self._book.thread(peer), self._book.row(peer)
        if not thread.loaded:
            before = None if n is None else n + PAGE // 2
            page = await self._try(session.history(peer, before=before, limit=PAGE))
            if page is None:
                return
            last = page.messages[-1].n if page.messages else 0
            thread.start(page, more_after=n is not None and row.last is not None and last < row.last.n)
            self.draw()
        if n is not None:
            self.query_one(Paper).bring(n)
        self._mark_read()

    def on_paper_older(self) -> None:
        self.run_worker(self._fetch(older=True), group="page")

    def on_paper_newer(self) -> None:
        self.run_worker(self._fetch(older=False), group="page")

    def on_paper_newest(self) -> None:
        if self.peer is not None and self._book.thread(self.peer).more_after:
            self._book.thread(self.peer).loaded = False
            self._load()
        self.query_one(Paper).scroll_end(animate=False)

    def on_paper_at_end(self) -> None:
        self._mark_read()

    async def _fetch(self, *, older: bool) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None or self._fetching:
            return
        thread = self._book.thread(peer)
        if not thread.loaded or not (thread.more_before if older else thread.more_after):
            return
        self._fetching = True
        try:
            edge = {"before": thread.first} if older else {"after": thread.last}
            page = await self._try(session.history(peer, **edge, limit=PAGE))
        finally:
            self._fetching = False
        if page is not None and thread.loaded:
            (thread.older if older else thread.newer)(page)
            self.draw()

    # ---- drawing

    def changed(self, peer: str | None) -> None:
        """The book has changed: all of it, or one conversation."""
        if self.peer is None:
            self.draw()
            return
        if peer not in (None, self.peer):
            return
        if not self._book.thread(self.peer).loaded:
            self._load()
        self.draw()
        self._mark_read()

    def draw(self) -> None:
        """Draw everything as it is now."""
        row = self.row
        welcome = self.query_one("#welcome", Static)
        welcome.display, self.query_one(Paper).display = row is None, row is not None
        if row is None:
            welcome.update(says.welcome(self._book.settings))
            return
        thread = self._book.thread(row.peer)
        self.query_one(Paper).show(thread, row)
        self.query_one("#title", Static).update(fit(says.title(row), self._width))
        banner, text = self.query_one("#banner", Static), says.banner(row, thread)
        banner.update(text)
        banner.display = bool(text)
        self.hint()

    def hint(self) -> None:
        """Draw the line above the text."""
        answered, writing = None, None
        if self.peer is not None:
            answered = self._book.thread(self.peer).find(self._reply_to)
            writing = self._book.row(self.peer).name if self._book.is_typing(self.peer, time.monotonic()) else None
        text = says.hint(self.query_one(Composer).text, answered, writing)
        self.query_one("#hint", Static).update(fit(text, self._width))

    @property
    def _width(self) -> int:
        return max(10, self.size.width - 2)

    # ---- reading

    def _mark_read(self) -> None:
        peer, session = self.peer, self._session()
        if peer is None or session is None or not self.app.app_focus:
            return
        row, thread = self._book.row(peer), self._book.thread(peer)
        n = thread.last
        if thread.more_after or not thread.loaded or n <= row.read or not self.query_one(Paper).is_at_end:
            return
        self._book.read(peer, n)
        self.post_message(self.Changed())
        self.run_worker(self._try(session.read(peer, n)))

    def on_paper_chosen(self, event: Paper.Chosen) -> None:
        if self.peer is None:
            return
        message = self._book.thread(self.peer).find(event.n)
        if event.deed == "reply":
            self._reply_to = event.n
            self.query_one(Composer).focus()
            self.hint()
        elif event.deed == "copy" and message is not None:
            self.app.copy_to_clipboard(safe.plain(message.text))
            self.notify("copied", markup=False)
        elif event.deed == "report":
            self.post_message(self.Command(says.report_of(event.n)))

    # ---- writing

    def leave_reply(self) -> bool:
        """Answer nothing in particular any more; False if that was so already."""
        was, self._reply_to = self._reply_to is not None, None
        self.hint()
        return was

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        text, now, session = event.text_area.text, time.monotonic(), self._session()
        self.hint()
        row = self.row
        if row is None or session is None or not text or text.startswith("/") or row.folder != "inbox":
            return
        if now - self._said_typing >= WRITING_SECONDS:
            self._said_typing = now
            self.run_worker(self._try(session.typing(row.peer)))

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        try:
            typed = commands.read(event.text)
        except commands.UnknownCommandError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        match typed:
            case None:
                return
            case Spoken():
                self.query_one(Composer).put("")
                self.post_message(self.Command(typed))
            case commands.Words(text):
                self._say(text)

    def _say(self, text: str) -> None:
        if self.peer is None:
            self.notify("first choose to whom: Enter in the list, or F4", severity="warning", markup=False)
            return
        too_long = says.too_long(text)
        if too_long is not None:
            self.notify(too_long, severity="warning", markup=False)
            return
        thread = self._book.thread(self.peer)
        going = thread.say(text, int(time.time() * 1000), self._reply_to)
        thread.fresh_from = self._reply_to = None
        self.query_one(Composer).put("")
        if thread.more_after:
            thread.loaded = False
            self._load()
        self._send(self.peer, going)
        self.draw()
        self.query_one(Paper).scroll_end(animate=False)

    def retry(self) -> int:
        """Send again what failed in the open conversation; how many."""
        if self.peer is None:
            return 0
        again = self._book.thread(self.peer).retry()
        for going in again:
            self._send(self.peer, going)
        self.draw()
        return len(again)

    def _send(self, peer: str, going: Outgoing) -> None:
        self.run_worker(self._deliver(peer, going))

    async def _deliver(self, peer: str, going: Outgoing) -> None:
        thread, session = self._book.thread(peer), self._session()
        try:
            if session is None:
                raise UnreachableError("no session")
            sent = await session.send(peer, going.text, reply_to=going.reply_to, nonce=going.nonce)
        except BussaError as error:
            thread.failed(going, words.problem(error))
            if isinstance(error, ConflictError):
                going.nonce = new_nonce()
            if peer != self.peer:
                self.notify(f"A message to {peer} was not sent: {going.why}", severity="error", markup=False)
        else:
            self._book.sent(peer, thread.sent(going, sent))
        self.post_message(self.Changed())
        self.changed(peer)

    async def _try(self, call: Awaitable[Reply]) -> Reply | None:
        """The reply; None after an error, which the person at the desk is told."""
        try:
            return await call
        except BussaError as error:
            self.notify(words.problem(error), severity="warning", markup=False)
            return None
