"""WebSocket connections and their frames."""

from typing import Literal

from bussa_protocol import version
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_CONNECTIONS = gauge("connections", "Open WebSocket connections.")
_OPENED = counter("connections_opened", "Connections accepted, by subprotocol.", "codec")
_CLOSED = counter("connections_closed", "Connections closed, by close code.", "code")
_HANDSHAKES = counter("handshakes_refused", "Handshakes refused, by HTTP status.", "status")
_FRAMES = counter("frames_refused", "Requests answered with an error, by code.", "code")
_THROTTLED = counter("connections_throttled", "Connections delayed because their address misbehaved too often.")
_SLOW_CONSUMERS_CLOSED = counter(
    "slow_consumers_closed", "Connections closed because they read too slowly, by bound: bytes or age.", "reason"
)
_SEND_QUEUE_BYTES = histogram(
    "send_queue_bytes", "Bytes in a send queue, sampled.", buckets=[float(4**power) for power in range(4, 11)]
)

# A peer may close with any code; only known codes get a series of their own. Every series is there from the start:
# otherwise its first event would be no increase to `rate`, and a panel without events would look like a missing one.
_CODES = frozenset({1000, 1001, 1005, 1006, 1011, *CloseReason})
_CLOSE = {code: _CLOSED.labels(str(int(code))) for code in sorted(_CODES)}
_CLOSE_OTHER = _CLOSED.labels("other")
_HANDSHAKE = {status: _HANDSHAKES.labels(str(status)) for status in (400, 401, 403, 429, 503)}
_SLOW_CONSUMER = {reason: _SLOW_CONSUMERS_CLOSED.labels(reason) for reason in ("bytes", "age")}
_CODEC = {name: _OPENED.labels(name) for name in version.KNOWN}
_FRAME = {code: _FRAMES.labels(code.value) for code in ErrorCode}

_slow_consumer_line = RateLimitedLog()
_handshake_line = RateLimitedLog()


def connection_opened(codec_name: str) -> None:
    """A handshake was accepted. ``codec_name``: the subprotocol."""
    _CONNECTIONS.inc()
    _CODEC[codec_name].inc()
    log.debug("connection opened", codec=codec_name)


def connection_closed(code: int, reason: str) -> None:
    """A connection was closed. ``code``: RFC 6455, section 7.4; 1006 if there was no close frame."""
    _CONNECTIONS.dec()
    _CLOSE.get(code, _CLOSE_OTHER).inc()
    log.debug("connection closed", code=int(code), reason=reason)


def handshake_refused(status: int, reason: str) -> None:
    """A handshake was answered with an HTTP error. ``reason``: our own words, nothing from the request."""
    (_HANDSHAKE.get(status) or _HANDSHAKES.labels(str(status))).inc()
    if (skipped := _handshake_line.due()) is not None:
        log.info("handshake refused", status=status, reason=reason, skipped=skipped)


def connection_throttled() -> None:
    """A new connection is delayed because others of its address misbehaved. No log line: it is common under attack."""
    _THROTTLED.inc()


def frame_refused(code: str) -> None:
    """A request was answered with an error. Hot path: no log line."""
    _FRAME[ErrorCode(code)].inc()


def slow_consumer_closed(reason: Literal["bytes", "age"]) -> None:
    """A connection read too slowly and was closed (4413)."""
    _SLOW_CONSUMER[reason].inc()
    if (skipped := _slow_consumer_line.due()) is not None:
        log.info("slow consumer closed", reason=reason, skipped=skipped)


def send_queue_depth(size: int) -> None:
    """``size`` bytes wait in a send queue."""
    _SEND_QUEUE_BYTES.observe(size)
