"""Keys and commands, on one card."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bussa.chat.commands import COMMANDS
from bussa.chat.screens.dialog import Dialog

KEYS = (
    ("Tab, Shift+Tab", "between the list, the messages and the text"),
    ("Enter", "open a conversation; send a text"),
    ("Ctrl+J", "a new line in a text (Shift+Enter, where the terminal knows it)"),
    ("Esc", "back to the list"),
    ("Up, Down, PgUp, PgDn", "through messages; older ones come by themselves"),
    ("r, c, x", "on a chosen message: reply, copy, report"),
    ("End", "to the newest message"),
    ("F2", "inbox, or who knocks"),
    ("F3, F4", "find words; write to somebody"),
    ("F5, F6", "what to do about a person; your own door"),
    ("F7, F8", "let in who knocks; keep out"),
    ("Ctrl+Q", "leave"),
)
MARKS = (
    ("○", "on its way"),
    ("✓", "on the server"),
    ("✓✓", "read"),
    ("✗", "failed; it stays, and /retry sends it again"),
)


class HelpDialog(Dialog[None]):
    """Put away with Esc."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", classes="wide tall") as card:
            card.border_title = "Help"
            card.border_subtitle = "Up and Down scroll · Esc closes"
            yield Static(_table())


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=26)
    table.add_column(ratio=1)
    commands = [(f"/{command.name} {command.arguments}".rstrip(), command.summary) for command in COMMANDS]
    for title, rows in (("Keys", KEYS), ("Marks", MARKS), ("Commands, typed as a text", commands)):
        table.add_row(Text(title, "bold"), "")
        for left, right in rows:
            table.add_row(Text(left, "cyan"), Text(right))
        table.add_row("", "")
    return table
