"""What can be done about the person of the open conversation; and a report, with its reason."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Checkbox, OptionList, Static
from textual.widgets.option_list import Option

from bussa.chat import sanitize
from bussa.chat.conversation_store import Row
from bussa.chat.screens.dialog import Dialog
from bussa_protocol.ids import ReportReason

REASONS: dict[ReportReason, str] = {"spam": "Spam", "abuse": "Abuse", "other": "Something else"}


class UserActionsDialog(Dialog[str]):
    """Gives the name of the command that was chosen."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as card:
            card.border_title = _title(self._row)
            card.border_subtitle = "Enter does it · Esc closes"
            yield OptionList(
                *[Option(says, id=name) for name, says in available_commands(self._row)], id="actions", markup=False
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def available_commands(row: Row) -> list[tuple[str, str]]:
    """The commands that make sense for a conversation as it stands, each with a sentence."""
    commands: list[tuple[str, str]] = []
    if row.knock:
        commands += [("accept", "Let in: their messages go to the inbox"), ("decline", "Keep out: nobody is told")]
    commands += [
        ("unmute", "Unmute: unread messages count again") if row.muted else ("mute", "Mute: no bell, no count"),
        ("follow", "Follow"),
        ("unfollow", "Unfollow"),
        ("who", "Who is that?"),
        ("unblock", "Unblock") if row.blocked else ("block", "Block: nothing of theirs any more"),
        ("report", "Report …"),
    ]
    return commands


class ReportDialog(Dialog[tuple[ReportReason, bool]]):
    """Gives a reason, and whether to block as well."""

    def __init__(self, row: Row, what: str) -> None:
        super().__init__()
        self._row = row
        self._what = what

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as card:
            card.border_title = f"Report {_title(self._row)}"
            card.border_subtitle = "Enter reports · Esc closes"
            yield Static(self._what, classes="note", markup=False)
            yield OptionList(*[Option(says, id=reason) for reason, says in REASONS.items()], id="reasons", markup=False)
            yield Checkbox("Block them as well", True, id="block", compact=True)

    def on_mount(self) -> None:
        self.query_one("#reasons").focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((list(REASONS)[event.option_index], self.query_one("#block", Checkbox).value))


def _title(row: Row) -> str:
    # The title of a border is markup; square brackets of a stranger's name must not be.
    name = sanitize.line(row.name)
    return (name if name == row.peer else f"{name} ({row.peer})").replace("[", "(").replace("]", ")")
