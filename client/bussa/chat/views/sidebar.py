"""The list of conversations: inbox or knocks, newest first, with unread counts."""

from datetime import datetime

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bussa.chat import sanitize, texts
from bussa.chat.conversation_store import ConversationStore, ListedFolder, Row
from bussa.chat.views.message_lines import fit

PREFETCH_ROWS = 5
"""Rows from the end of the list at which the next page is fetched."""
EMPTY = {
    "inbox": "No conversations yet.\n\nF4 starts one.",
    "requests": "No knocks.\n\nF6 sets who can knock.",
}


class Sidebar(Vertical):
    """Shows one of two folders."""

    class Opened(Message):
        """A conversation was chosen."""

        def __init__(self, peer: str) -> None:
            super().__init__()
            self.peer = peer

    class Resized(Message):
        """The width changed: rows have to be truncated again."""

    class NearEnd(Message):
        """Scrolled near the end: fetch the next page."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.folder: ListedFolder = "inbox"
        self._more = False

    def compose(self) -> ComposeResult:
        yield Static(id="folders", markup=False)
        yield OptionList(id="rows", markup=False)
        yield Static(id="empty", markup=False)

    def show(self, store: ConversationStore, open_peer: str | None) -> None:
        """Redraw the folder; the highlight stays on its conversation."""
        rows = store.rows_in(self.folder)
        self._more = store.next_cursor[self.folder] is not None
        self.query_one("#folders", Static).update(self._folders(store))
        empty = self.query_one("#empty", Static)
        empty.display = not rows
        empty.update(EMPTY[self.folder])
        options = self.query_one("#rows", OptionList)
        options.display = bool(rows)
        highlighted = options.highlighted_option
        keep = highlighted.id if highlighted is not None else open_peer
        width = max(12, self.size.width - 3)
        today = datetime.now().astimezone()
        with self.prevent(OptionList.OptionHighlighted):
            options.clear_options()
            options.add_options([Option(_row(row, width, today, open_peer), id=row.peer) for row in rows])
            at = next((number for number, row in enumerate(rows) if row.peer == keep), 0)
            options.highlighted = at if rows else None

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def focus_rows(self) -> None:
        self.query_one("#rows", OptionList).focus()

    def _folders(self, store: ConversationStore) -> Content:
        pieces: list[tuple[str, str] | str] = []
        for folder, name in (("inbox", "Inbox"), ("requests", "Knocks")):
            unread = store.unread_conversations(folder) if folder == "inbox" else len(store.rows_in("requests"))
            label = f" {name} {texts.count(unread)} " if unread else f" {name} "
            pieces.append((label, "reverse bold" if folder == self.folder else "bold" if unread else "dim"))
        return Content.assemble(*pieces)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(self.Opened(event.option_id))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._more and event.option_index >= event.option_list.option_count - PREFETCH_ROWS:
            self.post_message(self.NearEnd())


def _row(row: Row, width: int, today: datetime, open_peer: str | None) -> Text:
    """Two lines: name and date; preview and unread count."""
    unread = texts.count(row.unread) if row.unread else ""
    when = texts.when(row.last.at, today) if row.last else ""
    strength = "bold" if row.unread and not row.muted else ""
    name = fit(sanitize.line(row.name) or row.peer, width - cell_len(when) - 3)
    gap = max(1, width - cell_len(name) - cell_len(when) - 2)
    sign = "▸ " if row.peer == open_peer else "  "
    first = Text.assemble((sign, "bold"), (name, strength or "none"), " " * gap, (when, "dim"))
    preview = fit(_preview(row), width - cell_len(unread) - 3)
    gap = max(1, width - cell_len(preview) - cell_len(unread) - 2)
    second = Text.assemble("  ", (preview, "dim"), " " * gap, (unread, "dim" if row.muted else "bold"))
    return Text("\n").join([first, second])


def _preview(row: Row) -> str:
    if row.blocked:
        return "blocked"
    if row.last is None:
        return ""
    text = sanitize.line(row.last.text)
    # Only own messages are labelled: a conversation has two participants.
    mine = row.last.sender != row.peer
    muted = "(muted) " if row.muted else ""
    return muted + (f"you: {text}" if mine else sanitize.defang_links(text) if row.knock else text)
