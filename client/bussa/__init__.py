"""The Python SDK: one user's direct messages over a connection that reconnects by itself.

    from bussa import Client, log_in

    grant = await log_in("http://127.0.0.1:8080", "alice", "a password")
    async with Client("http://127.0.0.1:8080", grant.token) as me:
        sent = await me.send("bob", "ciao")         # on the server's disk when this returns
        page = await me.history("bob")
        async for event in me.events():             # each entry of the log once, in order
            match event:
                case events.MessageEvent():
                    print(event.sender, event.text)
                case Reset():
                    ...                             # the gap is too large: reload the conversations

To miss nothing across restarts, save ``me.cursor`` after each processed event and pass it later:
``Client(url, token, resume=cursor)``. Pass an async function instead of a token to have an expired one replaced. A
program that never reads events passes ``listen=False``.

Modules (pure: no I/O; time and randomness are arguments):

    errors                  one class per error code, and one per way to lose the connection
    backoff, pending_requests, log_cursor, event_queue, state
                            the state machine, pure
    codec                   frames to bytes and back, by msgpack; pure
    connect, tokens, reconnect_loop, client_core
                            the I/O around it: one socket, the token, reconnecting, callers
    client                  a method for each request of the protocol
    accounts                sign-up, log-in and following over HTTP
    chat/                   the terminal chat
"""

from bussa.accounts import follow, followers, following, log_in, log_out_everywhere, sign_up, unfollow
from bussa.backoff import Backoff
from bussa.client import Client, EventStream, LogPage
from bussa.errors import (
    ApiError,
    AwaitingAcceptanceError,
    BadRequestError,
    BussaError,
    ConflictError,
    ConnectionClosedError,
    EventBacklogError,
    MethodNotAllowedError,
    NotAllowedError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    RequestInterruptedError,
    RequestTimeoutError,
    TakenError,
    TokenRefusedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    UnreachableError,
)
from bussa.event_queue import ClientEvent, Cursor, Reset
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import events, parts, replies

__all__ = [
    "ApiError",
    "AwaitingAcceptanceError",
    "Backoff",
    "BadRequestError",
    "BussaError",
    "Client",
    "ClientEvent",
    "ConflictError",
    "ConnectionClosedError",
    "ConnectionStatus",
    "Cursor",
    "EventBacklogError",
    "EventStream",
    "LogPage",
    "MethodNotAllowedError",
    "NotAllowedError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitedError",
    "RequestInterruptedError",
    "RequestTimeoutError",
    "Reset",
    "TakenError",
    "TokenRefusedError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnreachableError",
    "events",
    "follow",
    "followers",
    "following",
    "log_in",
    "log_out_everywhere",
    "parts",
    "replies",
    "sign_up",
    "unfollow",
]
