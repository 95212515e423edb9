"""The two kinds of request handler: commands, which write, and queries, which read.

A handler returns its reply and never touches a socket.
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
    """The connection that sent the request, as seen by a handler."""

    @property
    def principal(self) -> Principal: ...

    @property
    def store(self) -> Store: ...

    @property
    def hub(self) -> Hub: ...

    @property
    def tokens(self) -> Tokens: ...

    def renew(self, principal: Principal) -> None:
        """Continue with a newer token of the same user."""
        ...

    async def catch_up_to(self, head: int) -> int:
        """Send the log to the device at least up to ``head``. Returns the last seq sent."""
        ...


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """Turns a request into a command, and its result into a reply. The commands of a connection are submitted in
    order, without waiting for each other."""

    to_command: Callable[[str, Any], Command]
    """(user, request) → the command to commit."""
    to_reply: Callable[[Any, Any], replies.Reply]
    """(request, result) → the reply, if the command was not refused."""


@dataclass(frozen=True, slots=True)
class QueryHandler:
    """Runs after all earlier writes are answered. ``answer`` returns the reply, or None for no reply."""

    answer: Callable[[Caller, Any], Awaitable[replies.Reply | None]]


RequestHandler = CommandHandler | QueryHandler


def ok(request: Any, result: Result) -> replies.OkReply:
    """The reply to a write that returns only its seq."""
    assert isinstance(result, Done)
    return replies.OkReply(id=request.id, seq=result.seq)


def refused(request_id: int, code: ErrorCode, message: str) -> replies.ErrorReply:
    return replies.ErrorReply(id=request_id, code=code, message=message)


def no_conversation(request_id: int) -> replies.ErrorReply:
    return refused(request_id, ErrorCode.NOT_FOUND, "no such conversation")
