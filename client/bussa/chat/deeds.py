"""What can be done to a person or to one's own door: one function a command, each says what came of it.

The answers of the server come first, then the book is changed: what this screen did gives it no event.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from bussa.chat import safe, words
from bussa.chat.book import Book
from bussa.chat.memory import Login
from bussa.chat.session import Server, Session
from bussa.errors import BussaError, UnreachableError
from bussa_protocol.frames import parts
from bussa_protocol.ids import Policy, Reason, is_user_id

REASONS = ("spam", "abuse", "other")


class UsageError(ValueError):
    """The command needs something else; the message says what."""


@dataclass(frozen=True, slots=True)
class Office:
    """What a deed works with. ``line`` gives the session, while there is one."""

    server: Server
    login: Login
    book: Book
    line: Callable[[], Session | None]

    @property
    def session(self) -> Session:
        """The session.

        Raises:
            UnreachableError: there is none right now.
        """
        session = self.line()
        if session is None:
            raise UnreachableError("no session")
        return session

    def called(self, peer: str) -> str:
        """How a person is called here."""
        row = self.book.rows.get(peer)
        return (safe.line(row.name) if row is not None else "") or peer

    async def follow(self, user: str) -> str:
        """Follow somebody; what came of it, in a sentence."""
        try:
            await self.server.follow(self.login, user)
        except BussaError as error:
            return f"Not followed: {words.problem(error)}."
        return f"You follow {user} now."

    async def change_door(self, **change: Any) -> parts.Settings:
        """Change some of the settings; all of them as they are then."""
        self.book.settings = await self.session.settings(**change)
        return self.book.settings


Deed = Callable[[Office, str, tuple[str, ...]], Awaitable[str]]


async def accept(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.accept(peer)
    row = office.book.row(peer)
    if row.folder is not None:
        row.folder = "inbox"
    return f"{office.called(peer)} is let in"


async def decline(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.decline(peer)
    office.book.row(peer).folder = "declined"
    return f"{office.called(peer)} stays out, and isn't told"


async def block(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.block(peer)
    office.book.row(peer).blocked = True
    return f"{office.called(peer)} is blocked"


async def unblock(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.unblock(peer)
    office.book.row(peer).blocked = False
    return f"{office.called(peer)} is no longer blocked"


async def mute(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.mute(peer)
    office.book.row(peer).muted = True
    return f"{office.called(peer)} is muted"


async def unmute(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.session.unmute(peer)
    office.book.row(peer).muted = False
    return f"{office.called(peer)} is heard again"


async def report(office: Office, peer: str, said: tuple[str, ...]) -> str:
    """``said``: a reason, then perhaps ``block``, then perhaps the number of a message."""
    if not said or said[0] not in REASONS:
        raise UsageError("/report spam, /report abuse or /report other; with `block` after it they are blocked too")
    blocks = "block" in said[1:]
    n = next((int(word) for word in said[1:] if word.isdecimal()), None)
    await office.session.report(peer, cast("Reason", said[0]), n=n, block=blocks)
    row = office.book.row(peer)
    row.blocked = row.blocked or blocks
    return f"{office.called(peer)} is reported" + (" and blocked" if blocks else "")


async def follow(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.server.follow(office.login, peer)
    return f"you follow {office.called(peer)}"


async def unfollow(office: Office, peer: str, _: tuple[str, ...]) -> str:
    await office.server.unfollow(office.login, peer)
    return f"you don't follow {office.called(peer)} any more"


async def who(office: Office, peer: str, _: tuple[str, ...]) -> str:
    profile = await office.session.profile(peer)
    office.book.row(peer).name = profile.name or peer
    return f"{safe.line(profile.name)} ({peer}). {words.CAN_MESSAGE[profile.can_message]}"


async def policy(office: Office, _: str, said: tuple[str, ...]) -> str:
    if len(said) != 1 or said[0] not in words.POLICIES:
        raise UsageError(f"/policy {', '.join(words.POLICIES)}")
    settings = await office.change_door(dm_policy=cast("Policy", said[0]))
    return words.door(settings)


async def knocks(office: Office, _: str, said: tuple[str, ...]) -> str:
    settings = await office.change_door(knocks=_on_or_off("knocks", said))
    return words.door(settings)


async def receipts(office: Office, _: str, said: tuple[str, ...]) -> str:
    settings = await office.change_door(read_receipts=_on_or_off("receipts", said))
    return "others see what you have read" if settings.read_receipts else "nobody sees what you have read"


TO_A_PERSON: dict[str, Deed] = {
    deed.__name__: deed for deed in (accept, decline, block, unblock, mute, unmute, report, follow, unfollow, who)
}
TO_THE_DOOR: dict[str, Deed] = {deed.__name__: deed for deed in (policy, knocks, receipts)}
NAMES_ITS_PERSON = frozenset({"block", "unblock", "follow", "unfollow", "who"})
"""Commands that may name somebody else than the open conversation's peer."""


def person(command: str, said: tuple[str, ...], open_peer: str | None) -> str:
    """Whom a command is about.

    Raises:
        UsageError: nobody, or no possible name.
    """
    if command in NAMES_ITS_PERSON and said:
        if not is_user_id(said[0]):
            raise UsageError("a user name has letters, digits and _ . : - only")
        return said[0]
    if open_peer is None:
        raise UsageError(
            f"/{command} needs an open conversation" + (" or a name" if command in NAMES_ITS_PERSON else "")
        )
    return open_peer


async def carry_out(office: Office, name: str, said: tuple[str, ...], open_peer: str | None) -> tuple[str | None, str]:
    """Do what a command says: whose conversation it changed, and what came of it in a sentence.

    Raises:
        UsageError: it needs something else.
        BussaError: the server refused, or is away.
    """
    if name in TO_THE_DOOR:
        return None, await TO_THE_DOOR[name](office, "", said)
    peer = person(name, said, open_peer)
    return peer, await TO_A_PERSON[name](office, peer, said)


def _on_or_off(command: str, said: tuple[str, ...]) -> bool:
    if said not in (("on",), ("off",)):
        raise UsageError(f"/{command} on or /{command} off")
    return said == ("on",)
