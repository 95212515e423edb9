"""The message list: the messages of one conversation, scrollable, one of them selected while it has the focus.

Lines are laid out once per change and rendered per line, so drawing a long conversation costs what the screen shows.
"""

from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bussa.chat.conversation_store import Row
from bussa.chat.thread import Thread
from bussa.chat.views.message_lines import Line, lay_out

PREFETCH_LINES = 3
"""Lines from an edge at which the next page is fetched."""


class MessageList(ScrollView, can_focus=True):
    """Shows a thread. Scrolled to the end it follows new messages; else it keeps its position."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "me",
        "them",
        "dim",
        "quote",
        "rule",
        "fresh",
        "sending",
        "sent",
        "read",
        "failed",
        "chosen",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Up", show=False),
        Binding("down,j", "choose(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("end", "newest", "Newest", show=False),
        Binding("r,enter", "reply", "Reply"),
        Binding("c", "copy", "Copy"),
        Binding("x", "report", "Report"),
    ]

    class Older(Message):
        """Scrolled near the upper edge."""

    class Newer(Message):
        """Scrolled near the lower edge, and the window ends before the conversation does."""

    class AtEnd(Message):
        """Scrolled to the newest line."""

    class Newest(Message):
        """The End key: jump to the end of the conversation."""

    class ActionChosen(Message):
        """An action key was pressed on the message ``n``."""

        def __init__(self, action: str, n: int) -> None:
            super().__init__()
            self.action = action
            self.n = n

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._thread: Thread | None = None
        self._row = Row("", "", None)
        self._lines: list[Line] = []
        self._selected_n: int | None = None
        self._width = 0

    # ---- content

    def show(self, thread: Thread, row: Row) -> None:
        """Show ``thread`` in its present state."""
        other = thread is not self._thread
        stay = self.is_at_end or other
        top = self._scroll_anchor()
        self._thread, self._row = thread, row
        if other or (self._selected_n is not None and thread.find(self._selected_n) is None):
            self._selected_n = None
        self._lay_out()
        if stay:
            self.scroll_end(animate=False, immediate=True, force=True)
        else:
            self._restore_scroll(top)
        self.refresh()

    def clear(self) -> None:
        self._thread, self._lines, self._selected_n = None, [], None
        self._lay_out()
        self.refresh()

    @property
    def is_at_end(self) -> bool:
        """Whether the newest line is visible."""
        return self.scroll_y >= self.max_scroll_y - 1

    def scroll_to_message(self, n: int) -> None:
        """Select the message ``n`` and scroll to it."""
        self._selected_n = n
        mine = [at for at, line in enumerate(self._lines) if line.n == n]
        if mine:
            self.scroll_to(y=max(0, mine[0] - self.size.height // 3), animate=False, immediate=True, force=True)
        self.refresh()

    def text(self) -> str:
        """The whole content as plain text."""
        return "\n".join(line.text.plain.rstrip() for line in self._lines)

    def _lay_out(self) -> None:
        self._width = max(8, self.scrollable_content_region.width)
        thread = self._thread
        today = datetime.now().astimezone()
        self._lines = [] if thread is None else lay_out(thread, self._row, self._width, today)
        self.virtual_size = Size(self._width, len(self._lines))

    def _scroll_anchor(self) -> tuple[int, int] | None:
        """The first visible message, and its offset in lines from the top."""
        start = round(self.scroll_y)
        for at in range(start, min(len(self._lines), start + 200)):
            n = self._lines[at].n
            if n is not None:
                first = next(line for line, other in enumerate(self._lines) if other.n == n)
                return n, first - start
        return None

    def _restore_scroll(self, anchor: tuple[int, int] | None) -> None:
        if anchor is None:
            return
        n, below = anchor
        at = next((line for line, other in enumerate(self._lines) if other.n == n), None)
        if at is not None:
            self.scroll_to(y=max(0, at - below), animate=False, immediate=True, force=True)

    # ---- drawing

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[at]
        base = self.rich_style
        if line.n is not None and line.n == self._selected_n and self.has_focus:
            base += self.get_component_rich_style("chosen")
        drawn = Text(line.text.plain, end="")
        # As a span: Strip ignores the style of a text that has no spans.
        drawn.stylize(base)
        if line.text.style:
            drawn.stylize(self.get_component_rich_style(str(line.text.style), partial=True))
        for span in line.text.spans:
            drawn.stylize(self.get_component_rich_style(str(span.style), partial=True), span.start, span.end)
        return Strip(drawn.render(self.app.console)).adjust_cell_length(width, base)

    def on_resize(self, event: Resize) -> None:
        if self._thread is not None and self.scrollable_content_region.width != self._width:
            self.show(self._thread, self._row)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._thread is None or old_value == new_value:
            return
        if new_value <= PREFETCH_LINES and self._thread.more_before:
            self.post_message(self.Older())
        elif new_value >= self.max_scroll_y - PREFETCH_LINES and self._thread.more_after:
            self.post_message(self.Newer())
        if self.is_at_end and old_value < new_value:
            self.post_message(self.AtEnd())

    # ---- keys

    def action_choose(self, by: int) -> None:
        """Select the next message up or down."""
        if self._thread is None:
            return
        numbers = [message.n for message in self._thread.messages]
        if not numbers:
            return
        if self._selected_n not in numbers:
            self._selected_n = numbers[-1]
        else:
            at = numbers.index(self._selected_n) + by
            if at < 0 and self._thread.more_before:
                self.post_message(self.Older())
            self._selected_n = numbers[min(max(at, 0), len(numbers) - 1)]
        self._scroll_to_selected()
        self.refresh()

    def _scroll_to_selected(self) -> None:
        mine = [at for at, line in enumerate(self._lines) if line.n == self._selected_n]
        top, height = round(self.scroll_y), self.size.height
        if not mine:
            return
        if mine[0] < top + 1:
            self.scroll_to(y=max(0, mine[0] - 1), animate=False)
        elif mine[-1] >= top + height:
            self.scroll_to(y=mine[-1] - height + 1, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by a screenful."""
        if by < 0 and self.scroll_y <= PREFETCH_LINES and self._thread is not None and self._thread.more_before:
            self.post_message(self.Older())
        self.scroll_relative(y=by * max(1, self.size.height - 2), animate=False)

    def action_newest(self) -> None:
        """Jump to the end."""
        self._selected_n = None
        self.post_message(self.Newest())

    def _post_action(self, action: str) -> None:
        if self._selected_n is not None:
            self.post_message(self.ActionChosen(action, self._selected_n))

    def action_reply(self) -> None:
        """Reply to the selected message."""
        self._post_action("reply")

    def action_copy(self) -> None:
        """Copy the selected message."""
        self._post_action("copy")

    def action_report(self) -> None:
        """Report the selected message."""
        self._post_action("report")
