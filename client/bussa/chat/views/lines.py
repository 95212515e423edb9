"""A thread as lines of a given width. Pure: the paper draws them, a test reads them.

    ───────── Today ─────────
    bob  12:03
      ciao
      ↳ you: hai visto?              a reply names what it answers
    you  12:04
      sì!                        ✓✓  on its way ○, on the server ✓, read ✓✓, failed ✗

Everything that anybody wrote comes through ``safe``; the text is built of spans, never of markup.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from bussa.chat import safe, words
from bussa.chat.book import Row
from bussa.chat.thread import Going, Outgoing, Thread
from bussa_protocol.frames import parts

GROUP_MILLIS = 5 * 60 * 1000
"""Messages of one person within this time stand under one heading."""
INDENT = 2
MARK = 3
"""Columns on the right for ✓✓ and a space."""
_CONSOLE = Console(width=80, color_system=None, markup=False, highlight=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``n`` is the message it belongs to."""

    text: Text
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """A message or one on its way out, for drawing."""

    n: int | None
    mine: bool
    text: str
    at: int
    reply_to: int | None
    mark: str
    style: str
    why: str = ""
    hidden: bool = False


def lay_out(thread: Thread, row: Row, width: int, today: datetime) -> list[Line]:
    """The lines of a thread, oldest first."""
    lines: list[Line] = []
    before: Saying | None = None
    if thread.more_before:
        lines.append(Line(_rule("older ones above", width)))
    for saying in _sayings(thread, row):
        if before is None or words.day(before.at, today) != words.day(saying.at, today):
            lines.extend(_break(words.day(saying.at, today), width, first=not lines))
            before = None
        if saying.n is not None and saying.n == thread.fresh_from:
            lines.extend(_break("new", width, "fresh", first=before is None))
            before = None
        if before is None or before.mine != saying.mine or saying.at - before.at > GROUP_MILLIS:
            if before is not None:
                lines.append(Line(Text()))
            lines.append(Line(_heading(saying, row, width), saying.n))
        lines.extend(_body(saying, thread, row, width))
        before = saying
    if thread.more_after:
        lines.append(Line(_rule("newer ones below (End)", width)))
    return lines


def _sayings(thread: Thread, row: Row) -> list[Saying]:
    sayings = [_of_message(message, thread.me, row) for message in thread.messages]
    if not thread.more_after:
        sayings.extend(_of_outgoing(going) for going in thread.outgoing)
    return sayings


def _of_message(message: parts.Message, me: str, row: Row) -> Saying:
    mine = message.sender == me
    read = mine and message.n <= row.peer_read
    mark = ("✓✓" if read else "✓") if mine else ""
    text = message.text if mine or not row.knock else safe.unlinked(message.text)
    style = "read" if read else "sent"
    return Saying(message.n, mine, text, message.at, message.reply_to, mark, style, hidden=message.hidden)


def _of_outgoing(going: Outgoing) -> Saying:
    failed = going.going is Going.FAILED
    mark, style = ("✗", "failed") if failed else ("○", "sending")
    return Saying(None, True, going.text, going.at, going.reply_to, mark, style, going.why)


def _heading(saying: Saying, row: Row, width: int) -> Text:
    name, style = ("you", "me") if saying.mine else (safe.line(row.name) or row.peer, "them")
    return Text.assemble((fit(name, max(1, width - 8)), style), "  ", (words.clock(saying.at), "dim"))


def _body(saying: Saying, thread: Thread, row: Row, width: int) -> list[Line]:
    room = max(4, width - INDENT - MARK)
    lines: list[Line] = []
    if saying.reply_to is not None:
        quoted = Text(" " * INDENT + fit("↳ " + _quote(saying.reply_to, thread, row), room), "quote")
        lines.append(Line(quoted, saying.n))
    if saying.hidden:
        lines.append(Line(Text(" " * INDENT + fit("hidden, for you have blocked them", room), "quote"), saying.n))
        return lines
    wrapped = wrap(saying.text, room)
    for number, text in enumerate(wrapped):
        line = Text(" " * INDENT + text)
        if number == len(wrapped) - 1 and saying.mark:
            line.append(" " * max(1, width - cell_len(line.plain) - len(saying.mark)))
            line.append(saying.mark, saying.style)
        lines.append(Line(line, saying.n))
    if saying.why:
        why = wrap(f"not sent: {saying.why}. /retry tries again", room)
        lines.extend(Line(Text(" " * INDENT + text, "failed"), saying.n) for text in why)
    return lines


def _quote(n: int, thread: Thread, row: Row) -> str:
    message = thread.find(n)
    if message is None or message.hidden:
        return "an earlier message"
    who = "you" if message.sender == thread.me else safe.line(row.name)
    text = safe.line(message.text)
    return f"{who}: {safe.unlinked(text) if row.knock else text}"


def _rule(says: str, width: int, style: str = "rule") -> Text:
    space = max(0, width - cell_len(says) - 2)
    return Text("─" * (space // 2) + f" {says} " + "─" * (space - space // 2), style)


def _break(says: str, width: int, style: str = "rule", *, first: bool) -> list[Line]:
    rule = Line(_rule(says, width, style))
    return [rule] if first else [Line(Text()), rule]


@lru_cache(maxsize=2048)
def wrap(text: str, width: int) -> tuple[str, ...]:
    """Foreign text, made safe, in lines that fit."""
    wrapped = Text(safe.plain(text)).wrap(_CONSOLE, width)
    return tuple(line.plain.rstrip() for line in wrapped) or ("",)


def fit(text: str, width: int) -> str:
    """One line of at most ``width`` columns; what is cut off is an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"
