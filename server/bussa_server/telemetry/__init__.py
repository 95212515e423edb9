"""Telemetry: one function per event, which writes its log line and updates its metrics.

    registry    the metrics, and the Prometheus exposition
    log         structlog: the format of a line, and rate limits of lines
    commits     the commit queue, the store, gap recovery
    bus         the bus between nodes
    sockets     WebSocket connections and their frames
    http        HTTP calls, tokens, log-ins, JWKS
    process     start, drain, loop lag, defects

No line ever contains a message's text, a token, a password or a nonce. Events of every message are counted and not
logged; lines that an outage would repeat are logged at most once a second.
"""

from bussa_server.telemetry.bus import (
    redis_connected,
    redis_disconnected,
    redis_message_invalid,
    redis_messages_dropped,
)
from bussa_server.telemetry.commits import (
    batch_committed,
    command_failed,
    commands_handled,
    commit_queue_full,
    commit_to_send_queue,
    database_unavailable,
    gap_recovered,
    log_trimmed,
)
from bussa_server.telemetry.http import (
    call_answered,
    jwks_failed,
    jwks_fetched,
    log_in_limited,
    log_in_refused,
    log_in_succeeded,
    password_hashing_queue_full,
    secret_is_short,
    token_refused,
)
from bussa_server.telemetry.log import configure
from bussa_server.telemetry.process import defect, drain_started, drained, listening, loop_lag, unhandled, worker_died
from bussa_server.telemetry.registry import metrics, remove_worker, set_worker
from bussa_server.telemetry.sockets import (
    connection_closed,
    connection_opened,
    connection_throttled,
    frame_refused,
    handshake_refused,
    send_queue_depth,
    slow_consumer_closed,
)

__all__ = [
    "batch_committed",
    "call_answered",
    "command_failed",
    "commands_handled",
    "commit_queue_full",
    "commit_to_send_queue",
    "configure",
    "connection_closed",
    "connection_opened",
    "connection_throttled",
    "database_unavailable",
    "defect",
    "drain_started",
    "drained",
    "frame_refused",
    "gap_recovered",
    "handshake_refused",
    "jwks_failed",
    "jwks_fetched",
    "listening",
    "log_in_limited",
    "log_in_refused",
    "log_in_succeeded",
    "log_trimmed",
    "loop_lag",
    "metrics",
    "password_hashing_queue_full",
    "redis_connected",
    "redis_disconnected",
    "redis_message_invalid",
    "redis_messages_dropped",
    "remove_worker",
    "secret_is_short",
    "send_queue_depth",
    "set_worker",
    "slow_consumer_closed",
    "token_refused",
    "unhandled",
    "worker_died",
]
