"""Slash commands of the composer: a table, and how a line is read. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``takes``: what may follow it, as the help shows it; ``needs_peer``: an open conversation."""

    name: str
    arguments: str
    summary: str
    needs_peer: bool = False


COMMANDS = (
    Command("accept", "", "let in who knocked", True),
    Command("decline", "", "keep out who knocked; nobody is told", True),
    Command("block", "[user]", "nothing of theirs any more"),
    Command("unblock", "[user]", "undo that"),
    Command("mute", "", "no bell for this conversation", True),
    Command("unmute", "", "undo that", True),
    Command("report", "spam|abuse|other [block]", "report this person, and block them too", True),
    Command("follow", "[user]", "follow; doors for followers open to you"),
    Command("unfollow", "[user]", "undo that"),
    Command("who", "[user]", "their name, and whether you may write to them"),
    Command("write", "user", "begin a conversation"),
    Command("find", "words", "search your messages"),
    Command("retry", "", "send again what failed", True),
    Command("policy", "anyone|followers|following|mutuals|nobody", "who may write to you"),
    Command("knocks", "on|off", "whether others may knock"),
    Command("receipts", "on|off", "whether others see what you have read"),
    Command("door", "", "all of your door's settings"),
    Command("inbox", "", "show the inbox"),
    Command("requests", "", "show who knocks"),
    Command("help", "", "keys and commands"),
    Command("logout", "", "forget the login on this machine"),
    Command("quit", "", "leave"),
)
BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """A command as it was typed."""

    command: Command
    arguments: tuple[str, ...]

    @property
    def argument_text(self) -> str:
        return " ".join(self.arguments)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A message."""

    text: str


class UnknownCommandError(ValueError):
    """It begins like a command and is none; it is not sent."""


def parse(typed: str) -> ParsedCommand | PlainText | None:
    """What a typed line means; None: nothing. ``//`` at its beginning is one slash of a message.

    Raises:
        UnknownCommandError: a slash and no command that is known.
    """
    text = typed.strip("\n").rstrip()
    if not text.strip():
        return None
    if text.startswith("//"):
        return PlainText(text[1:])
    if not text.startswith("/"):
        return PlainText(text)
    name, *arguments = text[1:].split() or [""]
    command = BY_NAME.get(name.lower())
    if command is None:
        raise UnknownCommandError(f"there is no /{name}; /help lists what there is, and // begins a text with a slash")
    return ParsedCommand(command, tuple(arguments))


def completions(typed: str) -> tuple[Command, ...]:
    """The commands that a line may become, while it is being typed."""
    if not typed.startswith("/") or typed.startswith("//") or "\n" in typed:
        return ()
    name, _, rest = typed[1:].partition(" ")
    if rest or typed.endswith(" "):
        command = BY_NAME.get(name.lower())
        return (command,) if command else ()
    return tuple(command for command in COMMANDS if command.name.startswith(name.lower()))
