"""The search dialog. Words match by prefix, without regard to case and accents."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bussa.chat import sanitize, texts
from bussa.chat.screens.dialog import Dialog
from bussa.chat.views.message_lines import fit
from bussa.errors import BussaError
from bussa_protocol import limits
from bussa_protocol.frames import parts, replies

SearchFunction = Callable[[str, str | None], Awaitable[replies.SearchReply]]
HITS_MAX = 500
"""Hits that are listed at most; a longer list calls for a narrower query."""


class SearchDialog(Dialog[tuple[str, int]]):
    """Returns the peer and the number of the chosen message."""

    def __init__(self, search: SearchFunction, display_name: Callable[[str], str], typed: str = "") -> None:
        super().__init__()
        self._search = search
        self._display_name = display_name
        self._typed = typed
        self._hits: list[parts.Message] = []
        self._next: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="wide tall") as dialog:
            dialog.border_title = "Find"
            dialog.border_subtitle = "Enter opens · Esc closes"
            yield Input(self._typed, placeholder="words", id="words", max_length=limits.QUERY, compact=True)
            yield Static(id="result", markup=False)
            yield OptionList(id="hits", markup=False)

    def on_mount(self) -> None:
        self.query_one("#words").focus()
        if self._typed.strip():
            self._start()

    def on_input_submitted(self) -> None:
        self._start()

    def _start(self) -> None:
        self._hits, self._next = [], None
        self.query_one("#hits", OptionList).clear_options()
        self.run_worker(self._load_page(), exclusive=True)

    async def _load_page(self) -> None:
        query = self.query_one("#words", Input).value.strip()
        if not query:
            return
        status, hits = self.query_one("#result", Static), self.query_one("#hits", OptionList)
        status.update("…")
        try:
            page = await self._search(query, self._next)
        except BussaError as error:
            status.update(texts.problem(error))
            return
        today = datetime.now().astimezone()
        first = not self._hits
        hits.add_options([Option(self._line(hit, today)) for hit in page.hits])
        self._hits.extend(page.hits)
        self._next = page.next if len(self._hits) < HITS_MAX else None
        more = "; scroll down for more" if self._next else ""
        status.update(f"{len(self._hits)} found{more}" if self._hits else "no results")
        if first and self._hits:
            hits.focus()
            hits.highlighted = 0

    def _line(self, hit: parts.Message, today: datetime) -> Text:
        mine = hit.sender != hit.peer
        who = f"you to {self._display_name(hit.peer)}" if mine else self._display_name(hit.peer)
        head = (sanitize.line(who), "bold"), "  ", (texts.when(hit.at, today), "dim")
        text = sanitize.line(hit.text)
        width = max(20, self.query_one("#hits").size.width - 4)
        return Text.assemble(*head, "\n  ", fit(text if mine else sanitize.defang_links(text), width))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self._next is not None and event.option_index >= len(self._hits) - 5:
            self.run_worker(self._load_page(), exclusive=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        hit = self._hits[event.option_index]
        self.dismiss((hit.peer, hit.n))
