"""One WebSocket connection, from its handshake to its close. Errors of ``websockets`` are mapped to ours here."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHeader,
    InvalidStatus,
    InvalidUpgrade,
    NegotiationError,
    WebSocketException,
)

from bussa import codec
from bussa.errors import BussaError, ConnectionClosedError, ProtocolError, TokenRefusedError
from bussa_protocol import version
from bussa_protocol.codes import CloseReason, ReconnectAdvice, reconnect_advice
from bussa_protocol.frames.replies import ErrorReply, WelcomeReply

PATH = "/v1/socket"
HANDSHAKE_SECONDS = 10.0
"""Time-out of the opening handshake, and again of the welcome."""
PING_SECONDS = 20.0
"""Interval of pings, and the time-out of a pong: a dead network is noticed within 40 s."""
CLOSE_SECONDS = 2.0
"""Time-out of the closing handshake."""
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_HTTP_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class ConnectionLostError(BussaError):
    """A connection was closed, or could not be opened. Internal to the SDK."""

    def __init__(
        self,
        reason: str,
        *,
        code: int | None = None,
        reconnect: ReconnectAdvice = ReconnectAdvice.BACKOFF,
        retry_after: float = 0.0,
        final: BussaError | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.reconnect = reconnect
        self.retry_after = retry_after
        self.final = final or ConnectionClosedError(code, reason)
        """The error that callers get if there is no reconnect."""


def socket_url(url: str) -> str:
    """The WebSocket URL of the server at ``url`` (http, https, ws or wss; a path prefix before /v1 is kept).

    Raises:
        ValueError: not such a URL.
    """
    return _rebased(url, _SCHEMES, PATH)


def http_url(url: str) -> str:
    """The HTTP base URL of the server at ``url``, without a trailing slash.

    Raises:
        ValueError: not such a URL.
    """
    return _rebased(url, _HTTP_SCHEMES, "")


def _rebased(url: str, schemes: dict[str, str], path: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"invalid server URL {url!r}: expected http(s):// or ws(s)://")
    base = parts.path.rstrip("/").removesuffix(PATH)
    return urlunsplit((schemes[parts.scheme], parts.netloc, base + path, "", ""))


async def dial(url: str, hello: Callable[[], bytes]) -> tuple[ClientConnection, WelcomeReply]:
    """Connect to ``url`` and complete the hello/welcome handshake. ``hello`` is called for the first frame once the
    socket is open.

    Raises:
        ConnectionLostError: the connection could not be opened.
    """
    try:
        # Direct messages are small: compression would cost memory and CPU on both sides and save nothing.
        socket = await connect(
            url,
            subprotocols=[version.MSGPACK],  # pyright: ignore[reportArgumentType]  # a NewType of str
            compression=None,
            max_size=codec.FRAME_MAX,
            open_timeout=HANDSHAKE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=CLOSE_SECONDS,
        )
    except InvalidStatus as error:
        raise _error_from_status(error.response.status_code, error.response.headers.get("Retry-After")) from error
    except (InvalidHeader, InvalidUpgrade, NegotiationError) as error:
        final = ProtocolError(f"invalid WebSocket handshake: {error}")
        raise ConnectionLostError(str(final), reconnect=ReconnectAdvice.NEVER, final=final) from error
    except (OSError, TimeoutError, EOFError, WebSocketException) as error:
        raise ConnectionLostError(f"no connection: {error or type(error).__name__}") from error
    try:
        return socket, await _handshake(socket, hello())
    except BaseException:
        await socket.close()
        raise


async def _handshake(socket: ClientConnection, hello: bytes) -> WelcomeReply:
    if socket.subprotocol != version.MSGPACK:
        final = ProtocolError("the server did not accept the subprotocol")
        raise ConnectionLostError(str(final), reconnect=ReconnectAdvice.NEVER, final=final)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await socket.send(hello)
            frame = codec.decode(await socket.recv())
    except TimeoutError as error:
        raise ConnectionLostError("no welcome in time") from error
    except ConnectionClosed as error:
        raise error_from_close(error) from error
    except ProtocolError as error:
        raise ConnectionLostError(str(error), reconnect=ReconnectAdvice.NEVER, final=error) from error
    match frame:
        case WelcomeReply():
            return frame
        case ErrorReply():
            raise ConnectionLostError(frame.message, retry_after=frame.retry_after or 0.0)
        case _:
            final = ProtocolError("the first frame was not a welcome")
            raise ConnectionLostError(str(final), reconnect=ReconnectAdvice.NEVER, final=final)


def error_from_close(error: ConnectionClosed) -> ConnectionLostError:
    """What a close means. Only the server's close code counts, not one that this side sent."""
    if error.rcvd is None:
        # A frame over FRAME_MAX is closed from this side. A reconnect would receive the same frame again.
        if error.sent is not None and error.sent.code == CloseReason.TOO_LARGE:
            final = ProtocolError("frame of the server too large")
            return ConnectionLostError(str(final), reconnect=ReconnectAdvice.NEVER, final=final)
        return ConnectionLostError("the connection was lost")
    code, reason = error.rcvd.code, error.rcvd.reason
    if not reason:
        reason = CloseReason(code).reason if code in set(CloseReason) else "the server closed the connection"
    final = (
        TokenRefusedError(code, reason) if code == CloseReason.INVALID_TOKEN else ConnectionClosedError(code, reason)
    )
    return ConnectionLostError(reason, code=code, reconnect=reconnect_advice(code), final=final)


def _error_from_status(status: int, retry_after: str | None) -> ConnectionLostError:
    reason = f"the server refused the connection with HTTP {status}"
    # 408, 429 and a proxy's 5xx without an upstream are transient; any other status is permanent.
    if status in (408, 429) or status >= 500:
        seconds = float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
        return ConnectionLostError(reason, reconnect=ReconnectAdvice.BACKOFF, retry_after=seconds)
    return ConnectionLostError(reason, reconnect=ReconnectAdvice.NEVER, final=ProtocolError(reason))
