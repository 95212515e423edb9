"""The two kinds of act: one that changes something, and one that asks.

An act returns what to say; it owns no socket.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Done, Result
from bussa_server.ports.store import Store
from bussa_server.session.hub import Hub
from bussa_server.session.principal import Principal, Tokens


class Caller(Protocol):
    """The connection that asks, as far as an act may know it."""

    @property
    def principal(self) -> Principal: ...

    @property
    def store(self) -> Store: ...

    @property
    def hub(self) -> Hub: ...

    @property
    def tokens(self) -> Tokens: ...

    def renew(self, principal: Principal) -> None:
        """Go on under a newer token of the same user."""
        ...

    async def catch_up_to(self, head: int) -> int:
        """Make sure that the device has been sent its log up to ``head``; returns how far it was."""
        ...


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """Becomes a command; its result becomes the reply. Writes of a connection go to the post in order, without
    waiting for each other."""

    to_command: Callable[[str, Any], Command]
    """(user, request) → what to commit."""
    to_reply: Callable[[Any, Any], replies.Reply]
    """(request, result) → what to say, where it was not refused."""


@dataclass(frozen=True, slots=True)
class QueryHandler:
    """Waits until the writes before it are answered, then for its own answer. None: nothing is said."""

    answer: Callable[[Caller, Any], Awaitable[replies.Reply | None]]


RequestHandler = CommandHandler | QueryHandler


def ok(request: Any, result: Result) -> replies.OkReply:
    """The reply to a write that has nothing to show but its place in the log."""
    assert isinstance(result, Done)
    return replies.OkReply(id=request.id, seq=result.seq)


def refused(request_id: int, code: ErrorCode, message: str) -> replies.ErrorReply:
    return replies.ErrorReply(id=request_id, code=code, message=message)


def no_conversation(request_id: int) -> replies.ErrorReply:
    return refused(request_id, ErrorCode.NOT_FOUND, "no such conversation")
