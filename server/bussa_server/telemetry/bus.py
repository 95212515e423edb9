"""The bus: Redis connections, and messages dropped or invalid."""

from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge

_MESSAGES_DROPPED = counter("redis_messages_dropped", "Messages that could not be published to the other nodes.")
_MESSAGES_INVALID = counter("redis_messages_invalid", "Messages on our channels that could not be decoded.")
_DISCONNECTS = counter("redis_disconnects", "Lost or failed connections to a Redis server.", "server")
_CONNECTED = gauge(
    "redis_connected", "Whether a Redis server is connected and subscribed.", "server", multiprocess_mode="livemin"
)

_dropped_line = RateLimitedLog()
_invalid_line = RateLimitedLog()
_disconnected_line = RateLimitedLog()


def redis_messages_dropped(count: int) -> None:
    """``count`` envelopes were not published; the other nodes recover their events from the log."""
    _MESSAGES_DROPPED.inc(count)
    if (skipped := _dropped_line.due()) is not None:
        log.warning("redis messages dropped", count=count, skipped=skipped)


def redis_message_invalid() -> None:
    """A message on one of our channels is not a valid envelope; it is ignored."""
    _MESSAGES_INVALID.inc()
    if (skipped := _invalid_line.due()) is not None:
        log.warning("invalid message from redis", skipped=skipped)


def redis_disconnected(server: str, error: Exception) -> None:
    """The connection to a Redis server was lost, or could not be established."""
    _DISCONNECTS.labels(server).inc()
    _CONNECTED.labels(server).set(0)
    if (skipped := _disconnected_line.due()) is not None:
        log.warning(
            "redis disconnected", server=server, error=f"{type(error).__name__}: {error}"[:200], skipped=skipped
        )


def redis_connected(server: str) -> None:
    """A Redis server is connected: every subscription is confirmed."""
    _CONNECTED.labels(server).set(1)
    _DISCONNECTS.labels(server)  # there before the first one, so that it is an increase
    log.info("redis connected", server=server)
