"""The line at the top: who one is and where, and whether the line is live."""

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from bussa.chat.views.lines import fit
from bussa.life import Status

SIGNS = {
    Status.LIVE: ("● live", "$success"),
    Status.CONNECTING: ("◌ reconnecting …", "$warning"),
    Status.CLOSED: ("✗ closed", "$error"),
}


class Top(Static):
    """Drawn anew whenever something about it changes."""

    def __init__(self, user: str, address: str, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._who = f"{user} · {address.partition('://')[2]}"
        self._status = Status.CONNECTING
        self._why = ""

    def say(self, status: Status, why: str) -> None:
        """Show the state of the line, and why it is not live."""
        if status is Status.LIVE or why:
            self._why = why
        self._status = status
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        sign, colour = SIGNS[self._status]
        if self._why and self._status is Status.CONNECTING:
            sign = f"{sign} {self._why}"
        who = fit(self._who, max(8, self.size.width - cell_len(sign) - 11))
        gap = max(1, self.size.width - cell_len(who) - cell_len(sign) - 9)
        self.update(Content.assemble((" bussa  ", "bold"), who, " " * gap, (sign, colour), " "))
