"""Handlers of the slash commands that call the server: one function per command, which returns a notification.

A handler changes the store after the server's reply: requests of this session cause no event.
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
    """The arguments are invalid; the message shows the usage."""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """The dependencies of a handler. ``get_session`` returns None while disconnected."""

    server: Server
    login: Login
    store: ConversationStore
    get_session: Callable[[], Session | None]

    @property
    def session(self) -> Session:
        """The session.

        Raises:
            UnreachableError: disconnected.
        """
        session = self.get_session()
        if session is None:
            raise UnreachableError("no session")
        return session

    def display_name(self, peer: str) -> str:
        """The name of a user, or the user id."""
        row = self.store.rows.get(peer)
        return (sanitize.line(row.name) if row is not None else "") or peer

    async def follow(self, user: str) -> str:
        """Follow a user. Returns the outcome as a sentence."""
        try:
            await self.server.follow(self.login, user)
        except BussaError as error:
            return f"Not followed: {texts.problem(error)}."
        return f"You follow {user}."

    async def change_settings(self, **change: Any) -> parts.Settings:
        """Change some settings. Returns all of them."""
        self.store.settings = await self.session.settings(**change)
        return self.store.settings


Handler = Callable[[CommandContext, str, tuple[str, ...]], Awaitable[str]]


async def accept(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.accept(peer)
    row = context.store.row(peer)
    if row.folder is not None:
        row.folder = "inbox"
    return f"{context.display_name(peer)} can message you now"


async def decline(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    await context.session.decline(peer)
    context.store.row(peer).folder = "declined"
    return f"declined; {context.display_name(peer)} isn't told"


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
    return f"{context.display_name(peer)} is no longer muted"


async def report(context: CommandContext, peer: str, arguments: tuple[str, ...]) -> str:
    """``arguments``: a reason, optionally ``block``, optionally the number of a message."""
    if not arguments or arguments[0] not in REASONS:
        raise UsageError("usage: /report spam|abuse|other [block]")
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
    return f"you no longer follow {context.display_name(peer)}"


async def who(context: CommandContext, peer: str, _: tuple[str, ...]) -> str:
    profile = await context.session.profile(peer)
    context.store.row(peer).name = profile.name or peer
    return f"{sanitize.line(profile.name)} ({peer}). {texts.CAN_MESSAGE[profile.can_message]}"


async def policy(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    if len(arguments) != 1 or arguments[0] not in texts.POLICIES:
        raise UsageError(f"usage: /policy {'|'.join(texts.POLICIES)}")
    settings = await context.change_settings(dm_policy=cast("Policy", arguments[0]))
    return texts.privacy_summary(settings)


async def knocks(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    settings = await context.change_settings(knocks=_on_or_off("knocks", arguments))
    return texts.privacy_summary(settings)


async def receipts(context: CommandContext, _: str, arguments: tuple[str, ...]) -> str:
    settings = await context.change_settings(read_receipts=_on_or_off("receipts", arguments))
    return "read receipts are on" if settings.read_receipts else "read receipts are off"


USER_COMMANDS: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (accept, decline, block, unblock, mute, unmute, report, follow, unfollow, who)
}
SETTINGS_COMMANDS: dict[str, Handler] = {handler.__name__: handler for handler in (policy, knocks, receipts)}
TAKES_USER = frozenset({"block", "unblock", "follow", "unfollow", "who"})
"""Commands that accept a user name; the others apply to the open conversation's peer."""


def target_user(command: str, arguments: tuple[str, ...], open_peer: str | None) -> str:
    """The user that a command applies to.

    Raises:
        UsageError: no user, or an invalid user name.
    """
    if command in TAKES_USER and arguments:
        if not is_user_id(arguments[0]):
            raise UsageError(texts.INVALID_USER)
        return arguments[0]
    if open_peer is None:
        needs = "an open conversation or a user name" if command in TAKES_USER else "an open conversation"
        raise UsageError(f"/{command} needs {needs}")
    return open_peer


async def run_command(
    context: CommandContext, name: str, arguments: tuple[str, ...], open_peer: str | None
) -> tuple[str | None, str]:
    """Run a command. Returns the peer whose conversation it changed, and a notification.

    Raises:
        UsageError: invalid arguments.
        BussaError: the server refused the request or cannot be reached.
    """
    if name in SETTINGS_COMMANDS:
        return None, await SETTINGS_COMMANDS[name](context, "", arguments)
    peer = target_user(name, arguments, open_peer)
    return peer, await USER_COMMANDS[name](context, peer, arguments)


def _on_or_off(command: str, arguments: tuple[str, ...]) -> bool:
    if arguments not in (("on",), ("off",)):
        raise UsageError(f"usage: /{command} on|off")
    return arguments == ("on",)
