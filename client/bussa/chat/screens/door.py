"""The door: who may write to this user, with a sentence for each choice. A change counts at once."""

from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Checkbox, RadioButton, RadioSet, Static

from bussa.chat import words
from bussa.chat.screens.card import Card
from bussa.errors import BussaError
from bussa_protocol.frames.parts import Settings

Change = Callable[..., Awaitable[Settings]]
KNOCKS = "Others may knock: one message each, apart"
RECEIPTS = "Others see what I have read"


class Door(Card[None]):
    """The settings, as the server last said them."""

    def __init__(self, settings: Settings, change: Change) -> None:
        super().__init__()
        self._settings = settings
        self._change = change

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="card", can_focus=False) as card:
            card.border_title = "Your door"
            card.border_subtitle = "Esc closes"
            yield Static("Who may write to you?", classes="ask", markup=False)
            with RadioSet(id="policy", compact=True):
                for policy, (name, whom) in words.POLICIES.items():
                    chosen = policy == self._settings.dm_policy
                    yield RadioButton(f"{name:<10} {whom}", value=chosen, id=policy)
            yield Static(words.ALWAYS, classes="note", markup=False)
            yield Checkbox(KNOCKS, self._settings.knocks, id="knocks", compact=True)
            yield Checkbox(RECEIPTS, self._settings.read_receipts, id="read_receipts", compact=True)
            yield Static(words.door(self._settings), id="sum", markup=False)

    def on_mount(self) -> None:
        policies = self.query_one("#policy", RadioSet)
        policies.focus()
        # The cursor begins on the first; it belongs on the one that holds.
        for _ in range(list(words.POLICIES).index(self._settings.dm_policy)):
            policies.action_next_button()

    def on_radio_set_changed(self, event: RadioSet.Changed) -> None:
        self._wish(dm_policy=event.pressed.id)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        self._wish(**{str(event.checkbox.id): event.value})

    def _wish(self, **change: Any) -> None:
        self.run_worker(self._set(change))

    async def _set(self, change: dict[str, Any]) -> None:
        try:
            self._settings = await self._change(**change)
            says = words.door(self._settings)
        except BussaError as error:
            says = f"Not changed: {words.problem(error)}."
        if self.is_attached:
            self.query_one("#sum", Static).update(says)
