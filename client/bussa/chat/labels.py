"""Texts of the open conversation: title, banner, the hint above the composer. Pure."""

from bussa.chat import commands, sanitize, texts
from bussa.chat.commands import ParsedCommand
from bussa.chat.conversation_store import Row
from bussa.chat.thread import Thread
from bussa_protocol import limits
from bussa_protocol.frames import parts

NOTHING_OPEN = "Enter opens a conversation, F4 starts one."


def title(row: Row) -> str:
    """The peer's name and state."""
    name = sanitize.line(row.name) or row.peer
    states = (("muted", row.muted), ("blocked", row.blocked), ("knocks", row.knock))
    notes = ", ".join(note for note, holds in states if holds)
    return (name if name == row.peer else f"{name} ({row.peer})") + (f"  {notes}" if notes else "")


def banner(row: Row, thread: Thread) -> str:
    """The notice above the composer; empty: none."""
    name = sanitize.line(row.name) or row.peer
    if row.blocked:
        return f"You blocked {name}. /unblock unblocks them."
    if row.knock:
        return (
            f"{name} knocks at your door. F7 accepts, F8 declines; a reply accepts too. "
            "They don't learn that you have read this."
        )
    if row.folder is None and thread.loaded and not thread.messages and not thread.outgoing:
        return f"This is the start of your conversation with {name}."
    return ""


def hint(typed: str, quoted: parts.Message | None, typing_name: str | None) -> str:
    """The first that applies: usage of a command, length of the text, quoted message, typing indicator."""
    matching = commands.completions(typed)
    if len(matching) == 1:
        command = matching[0]
        return " ".join(filter(None, [f"/{command.name}", command.arguments])) + f": {command.summary}"
    if matching:
        return "  ".join(f"/{command.name}" for command in matching)
    if len(typed) > limits.TEXT * 9 // 10:
        return f"{len(typed):,} of {limits.TEXT:,} characters"
    if quoted is not None:
        return f"↳ in reply to “{sanitize.line(quoted.text)}” (Esc cancels)"
    return f"{sanitize.line(typing_name)} is typing …" if typing_name else ""


def welcome(settings: parts.Settings | None) -> str:
    """The text shown while no conversation is open."""
    privacy = f"\n\n{texts.privacy_summary(settings)}\nF6 changes that." if settings is not None else ""
    return f"{NOTHING_OPEN}\nF1 lists all keys.{privacy}"


def too_long(text: str) -> str | None:
    """Why a text can't be sent, or None."""
    if len(text) <= limits.TEXT:
        return None
    return f"too long: {len(text):,} characters, at most {limits.TEXT:,}"


REPORT = commands.BY_NAME["report"]


def report_command(n: int) -> ParsedCommand:
    """The command that reports the message ``n``."""
    return ParsedCommand(REPORT, (str(n),))
