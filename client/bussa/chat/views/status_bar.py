"""The status bar: user, server and connection status."""

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from bussa.chat.views.message_lines import fit
from bussa.reconnect_loop import ConnectionStatus

LABELS = {
    ConnectionStatus.CONNECTED: ("● connected", "$success"),
    ConnectionStatus.CONNECTING: ("◌ reconnecting …", "$warning"),
    ConnectionStatus.CLOSED: ("✗ closed", "$error"),
}


class StatusBar(Static):
    """One line at the top of the screen."""

    def __init__(self, user: str, address: str, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._who = f"{user} · {address.partition('://')[2]}"
        self._status = ConnectionStatus.CONNECTING
        self._reason = ""

    def set_status(self, status: ConnectionStatus, reason: str) -> None:
        """Show the status, and why there is no connection."""
        if status is ConnectionStatus.CONNECTED or reason:
            self._reason = reason
        self._status = status
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        label, colour = LABELS[self._status]
        if self._reason and self._status is ConnectionStatus.CONNECTING:
            label = f"{label} {self._reason}"
        who = fit(self._who, max(8, self.size.width - cell_len(label) - 11))
        gap = max(1, self.size.width - cell_len(who) - cell_len(label) - 9)
        self.update(Content.assemble((" bussa  ", "bold"), who, " " * gap, (label, colour), " "))
