"""A thread as lines of a given width. Pure: MessageList draws them.

    ───────── Today ─────────
    bob  12:03
      ciao
      ↳ you: hai visto?              the quoted message of a reply
    you  12:04
      sì!                        ✓✓  sending ○, sent ✓, read ✓✓, failed ✗

All text of users passes ``sanitize``. Lines are built of spans, never of markup.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from bussa.chat import sanitize, texts
from bussa.chat.conversation_store import Row
from bussa.chat.thread import Outgoing, SendState, Thread
from bussa_protocol.frames import parts

GROUP_MILLIS = 5 * 60 * 1000
"""Messages of one sender within this time share a heading."""
INDENT = 2
MARK_WIDTH = 3
"""Columns on the right: ✓✓ and a space."""
_CONSOLE = Console(width=80, color_system=None, markup=False, highlight=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``n`` is the number of its message."""

    text: Text
    n: int | None = None


@dataclass(frozen=True, slots=True)
class DisplayMessage:
    """A message or an outgoing one, for drawing."""

    n: int | None
    mine: bool
    text: str
    at: int
    reply_to: int | None
    mark: str
    style: str
    error: str = ""
    hidden: bool = False


def lay_out(thread: Thread, row: Row, width: int, today: datetime) -> list[Line]:
    """The lines of a thread, oldest first."""
    lines: list[Line] = []
    before: DisplayMessage | None = None
    if thread.more_before:
        lines.append(Line(_rule("older above", width)))
    for message in _display_messages(thread, row):
        if before is None or texts.day(before.at, today) != texts.day(message.at, today):
            lines.extend(_break(texts.day(message.at, today), width, first=not lines))
            before = None
        if message.n is not None and message.n == thread.unread_from:
            lines.extend(_break("new", width, "fresh", first=before is None))
            before = None
        if before is None or before.mine != message.mine or message.at - before.at > GROUP_MILLIS:
            if before is not None:
                lines.append(Line(Text()))
            lines.append(Line(_heading(message, row, width), message.n))
        lines.extend(_body(message, thread, row, width))
        before = message
    if thread.more_after:
        lines.append(Line(_rule("newer below (End)", width)))
    return lines


def _display_messages(thread: Thread, row: Row) -> list[DisplayMessage]:
    messages = [_of_message(message, thread.me, row) for message in thread.messages]
    if not thread.more_after:
        messages.extend(_of_outgoing(outgoing) for outgoing in thread.outgoing)
    return messages


def _of_message(message: parts.Message, me: str, row: Row) -> DisplayMessage:
    mine = message.sender == me
    read = mine and message.n <= row.peer_read
    mark = ("✓✓" if read else "✓") if mine else ""
    text = message.text if mine or not row.knock else sanitize.defang_links(message.text)
    style = "read" if read else "sent"
    return DisplayMessage(message.n, mine, text, message.at, message.reply_to, mark, style, hidden=message.hidden)


def _of_outgoing(outgoing: Outgoing) -> DisplayMessage:
    failed = outgoing.state is SendState.FAILED
    mark, style = ("✗", "failed") if failed else ("○", "sending")
    return DisplayMessage(None, True, outgoing.text, outgoing.at, outgoing.reply_to, mark, style, outgoing.error)


def _heading(message: DisplayMessage, row: Row, width: int) -> Text:
    name, style = ("you", "me") if message.mine else (sanitize.line(row.name) or row.peer, "them")
    return Text.assemble((fit(name, max(1, width - 8)), style), "  ", (texts.clock(message.at), "dim"))


def _body(message: DisplayMessage, thread: Thread, row: Row, width: int) -> list[Line]:
    room = max(4, width - INDENT - MARK_WIDTH)
    lines: list[Line] = []
    if message.reply_to is not None:
        quoted = Text(" " * INDENT + fit("↳ " + _quote(message.reply_to, thread, row), room), "quote")
        lines.append(Line(quoted, message.n))
    if message.hidden:
        lines.append(Line(Text(" " * INDENT + fit("hidden: you blocked this person", room), "quote"), message.n))
        return lines
    wrapped = wrap(message.text, room)
    for number, text in enumerate(wrapped):
        line = Text(" " * INDENT + text)
        if number == len(wrapped) - 1 and message.mark:
            line.append(" " * max(1, width - cell_len(line.plain) - len(message.mark)))
            line.append(message.mark, message.style)
        lines.append(Line(line, message.n))
    if message.error:
        error_lines = wrap(f"not sent: {message.error}. /retry tries again", room)
        lines.extend(Line(Text(" " * INDENT + text, "failed"), message.n) for text in error_lines)
    return lines


def _quote(n: int, thread: Thread, row: Row) -> str:
    message = thread.find(n)
    if message is None or message.hidden:
        return "an earlier message"
    who = "you" if message.sender == thread.me else sanitize.line(row.name)
    text = sanitize.line(message.text)
    return f"{who}: {sanitize.defang_links(text) if row.knock else text}"


def _rule(label: str, width: int, style: str = "rule") -> Text:
    space = max(0, width - cell_len(label) - 2)
    return Text("─" * (space // 2) + f" {label} " + "─" * (space - space // 2), style)


def _break(label: str, width: int, style: str = "rule", *, first: bool) -> list[Line]:
    rule = Line(_rule(label, width, style))
    return [rule] if first else [Line(Text()), rule]


@lru_cache(maxsize=2048)
def wrap(text: str, width: int) -> tuple[str, ...]:
    """Sanitized text in lines of at most ``width`` columns."""
    wrapped = Text(sanitize.plain(text)).wrap(_CONSOLE, width)
    return tuple(line.plain.rstrip() for line in wrapped) or ("",)


def fit(text: str, width: int) -> str:
    """One line of at most ``width`` columns, truncated with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"
