"""The help dialog: keys and commands."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bussa.chat.commands import COMMANDS
from bussa.chat.screens.dialog import Dialog

KEYS = (
    ("Tab, Shift+Tab", "move between list, messages and composer"),
    ("Enter", "open a conversation; send a message"),
    ("Ctrl+J", "new line (Shift+Enter, if the terminal supports it)"),
    ("Esc", "back to the list"),
    ("Up, Down, PgUp, PgDn", "scroll; older messages load by themselves"),
    ("r, c, x", "on a selected message: reply, copy, report"),
    ("End", "jump to latest"),
    ("F2", "inbox or knocks"),
    ("F3, F4", "search messages; new conversation"),
    ("F5, F6", "actions for this person; your privacy settings"),
    ("F7, F8", "accept a knock; decline it"),
    ("Ctrl+Q", "quit"),
)
MARKS = (
    ("○", "sending"),
    ("✓", "sent"),
    ("✓✓", "read"),
    ("✗", "not sent; /retry tries again"),
)


class HelpDialog(Dialog[None]):
    """Keys, marks and commands."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", classes="wide tall") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "Up and Down scroll · Esc closes"
            yield Static(_table())


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=26)
    table.add_column(ratio=1)
    commands = [(f"/{command.name} {command.arguments}".rstrip(), command.summary) for command in COMMANDS]
    for title, rows in (("Keys", KEYS), ("Marks", MARKS), ("Commands", commands)):
        table.add_row(Text(title, "bold"), "")
        for left, right in rows:
            table.add_row(Text(left, "cyan"), Text(right))
        table.add_row("", "")
    return table
