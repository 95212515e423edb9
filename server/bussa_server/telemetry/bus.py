"""The bus: when it tears, when it is whole again, what it could not carry."""

from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge

_MESSAGES_DROPPED = counter("redis_messages_dropped", "Envelopes that could not be sent to the other nodes.")
_MESSAGES_INVALID = counter("redis_messages_invalid", "Bytes on our channels that are not ours.")
_DISCONNECTS = counter("redis_disconnects", "Tears of the link to a Redis server.", "server")
_CONNECTED = gauge(
    "redis_connected", "Whether the link to a Redis server is whole.", "server", multiprocess_mode="livemin"
)

_dropped_line = RateLimitedLog()
_invalid_line = RateLimitedLog()
_disconnected_line = RateLimitedLog()


def redis_messages_dropped(count: int) -> None:
    """So many envelopes did not go out; their receivers read the log."""
    _MESSAGES_DROPPED.inc(count)
    if (skipped := _dropped_line.due()) is not None:
        log.warning("redis messages dropped", count=count, skipped=skipped)


def redis_message_invalid() -> None:
    """Bytes arrived on one of our channels that are no envelope of ours; they are passed over."""
    _MESSAGES_INVALID.inc()
    if (skipped := _invalid_line.due()) is not None:
        log.warning("invalid message from redis", skipped=skipped)


def redis_disconnected(server: str, error: Exception) -> None:
    """The link to a Redis server is torn, or could not be made."""
    _DISCONNECTS.labels(server).inc()
    _CONNECTED.labels(server).set(0)
    if (skipped := _disconnected_line.due()) is not None:
        log.warning(
            "redis disconnected", server=server, error=f"{type(error).__name__}: {error}"[:200], skipped=skipped
        )


def redis_connected(server: str) -> None:
    """The link to a Redis server is whole: every channel is subscribed and confirmed."""
    _CONNECTED.labels(server).set(1)
    log.info("redis connected", server=server)
