"""What a query is given, and what it is.

A handler returns its reply and never touches a socket.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies
from bussa_server.auth.principal import Principal, Tokens
from bussa_server.node.hub import Hub
from bussa_server.ports.store import Store


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
class QueryHandler:
    """Runs after all earlier writes are answered. ``answer`` returns the reply, or None for no reply."""

    answer: Callable[[Caller, Any], Awaitable[replies.Reply | None]]


def refused(request_id: int, code: ErrorCode, message: str) -> replies.ErrorReply:
    return replies.ErrorReply(id=request_id, code=code, message=message)


def no_conversation(request_id: int) -> replies.ErrorReply:
    return refused(request_id, ErrorCode.NOT_FOUND, "no such conversation")
