"""What can be done to a person or to one's own door: one function a command, each says what came of it.

The answers of the server come first, then the book is changed: what this screen did gives it no event.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from bussa.chat import sanitize, texts
from bussa.chat.conversation_store import ConversationStore
from bussa.chat.login_store import Login
from bussa.chat.session import Server, Session
from bussa.errors import BussaError, UnreachableError
from bussa_protocol.frames import parts
from bussa_protocol.ids import Policy, ReportReason, is_user_id

REASONS = ("spam", "abuse", "other")


class UsageError(ValueError):
    """The command needs something else; the message says what."""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a deed works with. ``line`` gives the session, while there is one."""

    server: Server
    login: Login
    store: ConversationStore
    get_session: Callable[[], Session | None]

    @property
    def session(self) -> Session:
        """The session.

        Raises:
            UnreachableError: there is none right now.
        """
        session = self.get_session()
        if session is None:
            raise UnreachableError("no session")
        return session

    def display_name(self, peer: str) -> str:
        """How a person is called here."""
        row = self.store.rows.get(peer)
        return (sanitize.line(row.name) if row is not None else "") or peer

    async def follow(self, user: str) -> str:
        """Follow somebody; what came of it, in a sentence."""
        try:
            await self.server.follow(self.login, user)
        except BussaError as error:
            return f"Not followed: {texts.problem(error)}."
        return f"You follow {user} now."

    async def change_settings(self, **change: Any) -> parts.Settings:
        """Change some of the settings; all of them as they are then."""
        self.store.settings = await self.session.settings(**change)
        return self.store.settings


Handler = Callable[[CommandContext, str, tuple[str, ...]], Awaitable[str]]


async def accept(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.accept(peer)
    row = context.store.row(peer)
    if row.folder is not None:
        row.folder = "inbox"
    return f"{context.display_name(peer)} is let in"


async def decline(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.decline(peer)
    context.store.row(peer).folder = "declined"
    return f"{context.display_name(peer)} stays out, and isn't told"


async def block(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.block(peer)
    context.store.row(peer).blocked = True
    return f"{context.display_name(peer)} is blocked"


async def unblock(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.unblock(peer)
    context.store.row(peer).blocked = False
    return f"{context.display_name(peer)} is no longer blocked"


async def mute(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.mute(peer)
    context.store.row(peer).muted = True
    return f"{context.display_name(peer)} is muted"


async def unmute(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.unmute(peer)
    context.store.row(peer).muted = False
    return f"{context.display_name(peer)} is heard again"


async def report(context: CommandContext, peer: str, arguments: tuple[str, ...]) -> str:
    """``said``: a reason, then perhaps ``block``, then perhaps the number of a message."""
    if not arguments or arguments[0] not in REASONS:
        raise UsageError("/report spam, /report abuse or /report other; with `block` after it they are blocked too")
    blocks = "block" in arguments[1:]
    n = next((int(word) for word in arguments[1:] if word.isdecimal()), None)
    await context.session.report(peer, cast("ReportReason", arguments[0]), n=n, block=blocks)
    row = context.store.row(peer)
    row.blocked = row.blocked or blocks
    return f"{context.display_name(peer)} is reported" + (" and blocked" if blocks else "")


async def follow(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.server.follow(context.login, peer)
    return f"you follow {context.display_name(peer)}"


async def unfollow(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.server.unfollow(context.login, peer)
    return f"you don't follow {context.display_name(peer)} any more"


async def who(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    profile = await context.session.profile(peer)
    context.store.row(peer).name = profile.name or peer
    return f"{sanitize.line(profile.name)} ({peer}). {texts.CAN_MESSAGE[profile.can_message]}"


async def policy(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    if len(arguments) != 1 or arguments[0] not in texts.POLICIES:
        raise UsageError(f"/policy {', '.join(texts.POLICIES)}")
    settings = await context.change_settings(dm_policy=cast("Policy", arguments[0]))
    return texts.privacy_summary(settings)


async def knocks(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    settings = await context.change_settings(knocks=_on_or_off("knocks", arguments))
    return texts.privacy_summary(settings)


async def receipts(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    settings = await context.change_settings(read_receipts=_on_or_off("receipts", arguments))
    return "others see what you have read" if settings.read_receipts else "nobody sees what you have read"


USER_COMMANDS: dict[str, Handler] = {
    deed.__name__: deed for deed in (accept, decline, block, unblock, mute, unmute, report, follow, unfollow, who)
}
SETTINGS_COMMANDS: dict[str, Handler] = {deed.__name__: deed for deed in (policy, knocks, receipts)}
TAKES_USER = frozenset({"block", "unblock", "follow", "unfollow", "who"})
"""Commands that may name somebody else than the open conversation's peer."""


def target_user(command: str, arguments: tuple[str, ...], open_peer: str | None) -> str:
    """Whom a command is about.

    Raises:
        UsageError: nobody, or no possible name.
    """
    if command in TAKES_USER and arguments:
        if not is_user_id(arguments[0]):
            raise UsageError("a user name has letters, digits and _ . : - only")
        return arguments[0]
    if open_peer is None:
        raise UsageError(f"/{command} needs an open conversation" + (" or a name" if command in TAKES_USER else ""))
    return open_peer


async def run_command(
    context: CommandContext, name: str, arguments: tuple[str, ...], open_peer: str | None
) -> tuple[str | None, str]:
    """Do what a command says: whose conversation it changed, and what came of it in a sentence.

    Raises:
        UsageError: it needs something else.
        BussaError: the server refused, or is away.
    """
    if name in SETTINGS_COMMANDS:
        return None, await SETTINGS_COMMANDS[name](context, "", arguments)
    peer = target_user(name, arguments, open_peer)
    return peer, await USER_COMMANDS[name](context, peer, arguments)


def _on_or_off(command: str, arguments: tuple[str, ...]) -> bool:
    if arguments not in (("on",), ("off",)):
        raise UsageError(f"/{command} on or /{command} off")
    return arguments == ("on",)
