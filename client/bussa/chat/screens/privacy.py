"""The privacy dialog: who can message this user, knocks, read receipts. Changes apply at once."""

from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Checkbox, RadioButton, RadioSet, Static

from bussa.chat import texts
from bussa.chat.screens.dialog import Dialog
from bussa.errors import BussaError
from bussa_protocol.frames.parts import Settings

ChangeSettings = Callable[..., Awaitable[Settings]]
KNOCKS = "Let others knock: one message each"
RECEIPTS = "Send read receipts"


class PrivacyDialog(Dialog[None]):
    """Shows the settings of the server's last reply."""

    def __init__(self, settings: Settings, change: ChangeSettings) -> None:
        super().__init__()
        self._settings = settings
        self._change = change

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = "Your door"
            dialog.border_subtitle = "Esc closes"
            yield Static("Who can message you?", classes="ask", markup=False)
            with RadioSet(id="policy", compact=True):
                for policy, (name, whom) in texts.POLICIES.items():
                    chosen = policy == self._settings.dm_policy
                    yield RadioButton(f"{name:<10} {whom}", value=chosen, id=policy)
            yield Static(texts.ALWAYS, classes="note", markup=False)
            yield Checkbox(KNOCKS, self._settings.knocks, id="knocks", compact=True)
            yield Checkbox(RECEIPTS, self._settings.read_receipts, id="read_receipts", compact=True)
            yield Static(texts.privacy_summary(self._settings), id="summary", markup=False)

    def on_mount(self) -> None:
        policies = self.query_one("#policy", RadioSet)
        policies.focus()
        # The cursor starts on the first option; move it to the selected one.
        for _ in range(list(texts.POLICIES).index(self._settings.dm_policy)):
            policies.action_next_button()

    def on_radio_set_changed(self, event: RadioSet.Changed) -> None:
        self._request_change(dm_policy=event.pressed.id)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        self._request_change(**{str(event.checkbox.id): event.value})

    def _request_change(self, **change: Any) -> None:
        self.run_worker(self._set(change))

    async def _set(self, change: dict[str, Any]) -> None:
        try:
            self._settings = await self._change(**change)
            summary = texts.privacy_summary(self._settings)
        except BussaError as error:
            summary = f"Not changed: {texts.problem(error)}."
        if self.is_attached:
            self.query_one("#summary", Static).update(summary)
