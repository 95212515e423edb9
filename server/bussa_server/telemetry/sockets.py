"""Connections, and what goes over them."""

from typing import Literal

from bussa_protocol import version
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_CONNECTIONS = gauge("connections", "Open WebSocket connections.")
_OPENED = counter("connections_opened", "Connections accepted, by subprotocol.", "codec")
_CLOSED = counter("connections_closed", "Connections ended, by close code.", "code")
_HANDSHAKES = counter("handshakes_refused", "Handshakes refused, by HTTP status.", "status")
_FRAMES = counter("frames_refused", "Requests answered with an error, by code.", "code")
_THROTTLED = counter("connections_throttled", "Connections of an address that broke off too often, let in one by one.")
_SLOW_CONSUMERS_CLOSED = counter(
    "slow_consumers_closed", "Connections that read too slowly: by bytes or by age of what waited.", "reason"
)
_SEND_QUEUE_BYTES = histogram(
    "send_queue_bytes", "What waits for one connection, sampled.", buckets=[float(4**power) for power in range(4, 11)]
)

# A peer may end a connection with any code; only those that mean something to us get a series.
_CODES = frozenset({1000, 1001, 1005, 1006, 1011, *CloseReason})
_CODEC = {name: _OPENED.labels(name) for name in version.KNOWN}
_FRAME = {code: _FRAMES.labels(code.value) for code in ErrorCode}

_slow_consumer_line = RateLimitedLog()
_handshake_line = RateLimitedLog()


def connection_opened(codec_name: str) -> None:
    """A handshake was accepted. ``codec_name``: the subprotocol that is spoken."""
    _CONNECTIONS.inc()
    _CODEC[codec_name].inc()
    log.debug("connection opened", codec=codec_name)


def connection_closed(code: int, reason: str) -> None:
    """A connection ended. ``code``: RFC 6455, section 7.4; 1006 where there was no close frame."""
    _CONNECTIONS.dec()
    _CLOSED.labels(str(int(code)) if code in _CODES else "other").inc()
    log.debug("connection closed", code=int(code), reason=reason)


def handshake_refused(status: int, reason: str) -> None:
    """A handshake was answered with an HTTP error. ``reason``: in words of our own, nothing of the request."""
    _HANDSHAKES.labels(str(status)).inc()
    if (skipped := _handshake_line.due()) is not None:
        log.info("handshake refused", status=status, reason=reason, skipped=skipped)


def connection_throttled() -> None:
    """A new connection must wait because of what others of its address did. Under attack: no line."""
    _THROTTLED.inc()


def frame_refused(code: str) -> None:
    """A request was answered with an error. On the path of every frame: no line."""
    _FRAME[ErrorCode(code)].inc()


def slow_consumer_closed(reason: Literal["bytes", "age"]) -> None:
    """A connection read too slowly and was ended (4413)."""
    _SLOW_CONSUMERS_CLOSED.labels(reason).inc()
    if (skipped := _slow_consumer_line.due()) is not None:
        log.info("slow consumer closed", reason=reason, skipped=skipped)


def send_queue_depth(size: int) -> None:
    """So many bytes wait for a connection."""
    _SEND_QUEUE_BYTES.observe(size)
