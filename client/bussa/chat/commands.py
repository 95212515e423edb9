"""Slash commands of the composer: the table and the parser. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``arguments``: as the help shows them; ``needs_peer``: applies to the open conversation."""

    name: str
    arguments: str
    summary: str
    needs_peer: bool = False


COMMANDS = (
    Command("accept", "", "accept this knock", True),
    Command("decline", "", "decline this knock; they aren't told", True),
    Command("block", "[user]", "block: their messages are refused"),
    Command("unblock", "[user]", "unblock"),
    Command("mute", "", "mute: no bell, no count", True),
    Command("unmute", "", "unmute", True),
    Command("report", "spam|abuse|other [block]", "report this person, optionally block them", True),
    Command("follow", "[user]", "follow"),
    Command("unfollow", "[user]", "unfollow"),
    Command("who", "[user]", "their name, and whether you can message them"),
    Command("write", "user", "start a conversation"),
    Command("find", "words", "search your messages"),
    Command("retry", "", "send failed messages again", True),
    Command("policy", "anyone|followers|following|mutuals|nobody", "who can message you"),
    Command("knocks", "on|off", "whether others can knock"),
    Command("receipts", "on|off", "read receipts"),
    Command("door", "", "all privacy settings"),
    Command("inbox", "", "show the inbox"),
    Command("requests", "", "show the knocks"),
    Command("help", "", "keys and commands"),
    Command("logout", "", "log out on this machine"),
    Command("quit", "", "quit"),
)
BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """A command and its arguments."""

    command: Command
    arguments: tuple[str, ...]

    @property
    def argument_text(self) -> str:
        return " ".join(self.arguments)


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of a message."""

    text: str


class UnknownCommandError(ValueError):
    """The line starts with a slash and names no command; it is not sent."""


def parse(typed: str) -> ParsedCommand | PlainText | None:
    """Parse a line; None: it is blank. A leading ``//`` escapes a slash of a message.

    Raises:
        UnknownCommandError: a slash and an unknown command.
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
        raise UnknownCommandError(f"unknown command /{name}; see /help, or type // to start a message with a slash")
    return ParsedCommand(command, tuple(arguments))


def completions(typed: str) -> tuple[Command, ...]:
    """The commands that match a line while it is being typed."""
    if not typed.startswith("/") or typed.startswith("//") or "\n" in typed:
        return ()
    name, _, rest = typed[1:].partition(" ")
    if rest or typed.endswith(" "):
        command = BY_NAME.get(name.lower())
        return (command,) if command else ()
    return tuple(command for command in COMMANDS if command.name.startswith(name.lower()))
