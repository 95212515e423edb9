"""The composer: Enter sends, Ctrl+J inserts a new line, Tab completes a command."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from bussa.chat import commands, sanitize

TYPING_INTERVAL_SECONDS = 3.0
"""Minimum interval between typing indicators."""


# F6 and F7 select text in a TextArea; here they are keys of the main screen.
_KEPT_BINDINGS = [kept for kept in TextArea.BINDINGS if not (isinstance(kept, Binding) and kept.key in ("f6", "f7"))]


class Composer(TextArea, inherit_bindings=False):
    """A multi-line text input."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_KEPT_BINDINGS,
        Binding("ctrl+j,shift+enter,alt+enter", "line", "New line", show=False),
    ]

    class Submitted(Message):
        """Enter was pressed: a message or a command."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Up was pressed in an empty composer."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, show_line_numbers=False, soft_wrap=True, tab_behavior="focus", compact=True)
        self.highlight_cursor_line = False

    def action_line(self) -> None:
        """Insert a new line."""
        self.insert("\n")

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            self.post_message(self.Submitted(self.text))
        elif event.key == "tab":
            matching = commands.completions(self.text)
            if matching and " " not in self.text:
                event.prevent_default().stop()
                self.set_text(f"/{matching[0].name} ")
            else:
                await super()._on_key(event)
        elif event.key == "up" and not self.text:
            event.prevent_default().stop()
            self.post_message(self.Left())
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: Paste) -> None:
        # Copied text may contain control characters that are not meant to be sent.
        event.prevent_default().stop()
        self.insert(sanitize.plain(event.text))

    def set_text(self, text: str) -> None:
        """Replace the text, and move the cursor to its end."""
        self.load_text(text)
        self.move_cursor(self.document.end)
