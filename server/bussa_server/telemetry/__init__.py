"""What happens, told twice: one function an event has its log line and its counter together.

    registry    the metrics, and their Prometheus text
    log         structlog: how a line looks, and how often one may come
    commits     the post, the store
    bus         the bus between nodes
    sockets     connections and what goes over them
    calls       HTTP, tokens, log-ins
    process     start, drain, the loop, defects

No line ever holds a message's text, a token, a password or a nonce. What happens for every message
is counted and not logged; what an outage repeats is logged once a second.
"""

from bussa_server.telemetry.bus import bus_dropped, bus_foreign, bus_torn, bus_whole
from bussa_server.telemetry.calls import (
    call_answered,
    jwks_failed,
    jwks_fetched,
    log_in_limited,
    log_in_refused,
    log_in_succeeded,
    passwords_overflow,
    secret_is_short,
    token_refused,
)
from bussa_server.telemetry.commits import (
    batch_committed,
    command_failed,
    commands_carried,
    log_healed,
    log_lag,
    post_overflow,
    store_unavailable,
    trimmed,
)
from bussa_server.telemetry.log import configure
from bussa_server.telemetry.process import defect, drain_started, drained, listening, loop_lag, unhandled, worker_died
from bussa_server.telemetry.registry import count_as, metrics, vacate
from bussa_server.telemetry.sockets import (
    connection_closed,
    connection_opened,
    evicted,
    frame_refused,
    handshake_refused,
    newcomer_delayed,
    outbox_depth,
)

__all__ = [
    "batch_committed",
    "bus_dropped",
    "bus_foreign",
    "bus_torn",
    "bus_whole",
    "call_answered",
    "command_failed",
    "commands_carried",
    "configure",
    "connection_closed",
    "connection_opened",
    "count_as",
    "defect",
    "drain_started",
    "drained",
    "evicted",
    "frame_refused",
    "handshake_refused",
    "jwks_failed",
    "jwks_fetched",
    "listening",
    "log_healed",
    "log_in_limited",
    "log_in_refused",
    "log_in_succeeded",
    "log_lag",
    "loop_lag",
    "metrics",
    "newcomer_delayed",
    "outbox_depth",
    "passwords_overflow",
    "post_overflow",
    "secret_is_short",
    "store_unavailable",
    "token_refused",
    "trimmed",
    "unhandled",
    "vacate",
    "worker_died",
]
