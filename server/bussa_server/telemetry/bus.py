"""The bus: when it tears, when it is whole again, what it could not carry."""

from bussa_server.telemetry.log import Seldom, log
from bussa_server.telemetry.registry import counter, gauge

_DROPPED = counter("bus_dropped", "Envelopes that could not be sent to the other nodes.")
_FOREIGN = counter("bus_foreign", "Bytes on our channels that are not ours.")
_TORN = counter("bus_torn", "Tears of the link to a Redis server.", "server")
_WHOLE = gauge("bus_whole", "Whether the link to a Redis server is whole.", "server", of_all="livemin")

_dropped_line = Seldom()
_foreign_line = Seldom()
_torn_line = Seldom()


def bus_dropped(count: int) -> None:
    """So many envelopes did not go out; their receivers read the log."""
    _DROPPED.inc(count)
    if (skipped := _dropped_line.due()) is not None:
        log.warning("the bus dropped envelopes", count=count, skipped=skipped)


def bus_foreign() -> None:
    """Bytes arrived on one of our channels that are no envelope of ours; they are passed over."""
    _FOREIGN.inc()
    if (skipped := _foreign_line.due()) is not None:
        log.warning("foreign bytes on the bus", skipped=skipped)


def bus_torn(server: str, error: Exception) -> None:
    """The link to a Redis server is torn, or could not be made."""
    _TORN.labels(server).inc()
    _WHOLE.labels(server).set(0)
    if (skipped := _torn_line.due()) is not None:
        log.warning("the bus is torn", server=server, error=f"{type(error).__name__}: {error}"[:200], skipped=skipped)


def bus_whole(server: str) -> None:
    """The link to a Redis server is whole: every channel is subscribed and confirmed."""
    _WHOLE.labels(server).set(1)
    log.info("the bus is whole", server=server)
