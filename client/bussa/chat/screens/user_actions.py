"""The dialogs of user actions: commands for the open conversation's peer, and a report with its reason."""

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
    """Returns the name of the chosen command."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = _title(self._row)
            dialog.border_subtitle = "Enter runs it · Esc closes"
            yield OptionList(
                *[Option(label, id=name) for name, label in available_commands(self._row)], id="actions", markup=False
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def available_commands(row: Row) -> list[tuple[str, str]]:
    """The commands that apply to a conversation in its present state, with their labels."""
    commands: list[tuple[str, str]] = []
    if row.knock:
        commands += [("accept", "Accept: they can message you"), ("decline", "Decline: they aren't told")]
    commands += [
        ("unmute", "Unmute: unread messages count again") if row.muted else ("mute", "Mute: no bell, no count"),
        ("follow", "Follow"),
        ("unfollow", "Unfollow"),
        ("who", "Profile"),
        ("unblock", "Unblock") if row.blocked else ("block", "Block: their messages are refused"),
        ("report", "Report …"),
    ]
    return commands


class ReportDialog(Dialog[tuple[ReportReason, bool]]):
    """Returns a reason, and whether to block the user too."""

    def __init__(self, row: Row, what: str) -> None:
        super().__init__()
        self._row = row
        self._what = what

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = f"Report {_title(self._row)}"
            dialog.border_subtitle = "Enter reports · Esc closes"
            yield Static(self._what, classes="note", markup=False)
            options = [Option(label, id=reason) for reason, label in REASONS.items()]
            yield OptionList(*options, id="reasons", markup=False)
            yield Checkbox("Also block them", True, id="block", compact=True)

    def on_mount(self) -> None:
        self.query_one("#reasons").focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((list(REASONS)[event.option_index], self.query_one("#block", Checkbox).value))


def _title(row: Row) -> str:
    # A border title is parsed as markup; square brackets of a stranger's name must not be.
    name = sanitize.line(row.name)
    return (name if name == row.peer else f"{name} ({row.peer})").replace("[", "(").replace("]", ")")
