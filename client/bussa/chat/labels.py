"""What the open conversation says of itself: its title, its banner, the line above the text. Pure."""

from bussa.chat import commands, sanitize, texts
from bussa.chat.commands import ParsedCommand
from bussa.chat.conversation_store import Row
from bussa.chat.thread import Thread
from bussa_protocol import limits
from bussa_protocol.frames import parts

NOTHING_OPEN = "Enter opens a conversation, F4 begins one."


def title(row: Row) -> str:
    """Who that is, and what holds for them."""
    name = sanitize.line(row.name) or row.peer
    holds = (("muted", row.muted), ("blocked", row.blocked), ("knocks", row.knock))
    notes = ", ".join(note for note, is_so in holds if is_so)
    return (name if name == row.peer else f"{name} ({row.peer})") + (f"  {notes}" if notes else "")


def banner(row: Row, thread: Thread) -> str:
    """What one should know before one writes here; empty: nothing."""
    name = sanitize.line(row.name) or row.peer
    if row.blocked:
        return f"You have blocked {name}. /unblock undoes that."
    if row.knock:
        return (
            f"{name} knocks. F7 lets them in, F8 keeps them out, and writing back lets them in too. "
            "They can't see that you have read this."
        )
    if row.folder is None and thread.loaded and not thread.messages and not thread.outgoing:
        return f"Nothing written yet. What you write now is the first that {name} reads of you."
    return ""


def hint(typed: str, answered: parts.Message | None, writing: str | None) -> str:
    """What a command takes, how long the text is, what it answers, who is writing: the first that holds."""
    matching = commands.completions(typed)
    if len(matching) == 1:
        command = matching[0]
        return " ".join(filter(None, [f"/{command.name}", command.arguments])) + f": {command.summary}"
    if matching:
        return "  ".join(f"/{command.name}" for command in matching)
    if len(typed) > limits.TEXT * 9 // 10:
        return f"{len(typed):,} of {limits.TEXT:,} characters"
    if answered is not None:
        return f"↳ answers “{sanitize.line(answered.text)}” (Esc: not so)"
    return f"{sanitize.line(writing)} is writing …" if writing else ""


def welcome(settings: parts.Settings | None) -> str:
    """What the desk says while nothing is open."""
    door = f"\n\n{texts.privacy_summary(settings)}\nF6 changes that." if settings is not None else ""
    return f"{NOTHING_OPEN}\nF1 lists all keys.{door}"


def too_long(text: str) -> str | None:
    """Why a text can't be sent, or None."""
    if len(text) <= limits.TEXT:
        return None
    return f"{len(text):,} characters; {limits.TEXT:,} is the most"


REPORT = commands.BY_NAME["report"]


def report_command(n: int) -> ParsedCommand:
    """The command that reports the message ``n``."""
    return ParsedCommand(REPORT, (str(n),))
