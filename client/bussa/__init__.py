"""The Python SDK: one user's direct messages, over connections that come back by themselves.

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
                    ...                             # away for too long: read the conversations anew

A program that shall not miss anything while it is off saves ``me.cursor`` after each event that it has dealt
with, and gives it back: ``Client(url, token, resume=cursor)``. Instead of a token give an async function that
fetches one, and a token that runs out is replaced. A program that never reads events says ``listen=False``.

How it is built (pure: no I/O, time and chance are arguments):

    backoff, asks, log, feed, state     pure: how long to wait; what waits for an answer; where in the log;
                                        what waits for the application; all of it together
    wire                                pure: frames to bytes and back, by msgpack
    connect, tokens, life, shell        the shell: a socket, a token, one connection after the other, the callers
    bussa                               a method for each request of the contract
    people                              signing up, logging in, following, over HTTP
    chat/                               the terminal chat
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
