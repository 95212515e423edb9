"""A modal dialog, closed with Esc."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

Outcome = TypeVar("Outcome")


class Dialog(ModalScreen[Outcome | None]):
    """Returns its outcome, or None if it was cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Close")]

    def action_cancel(self) -> None:
        """Close without an outcome."""
        self.dismiss(None)
