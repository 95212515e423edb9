"""The commit queue and the store: commits, refusals, outages, gap recovery, log trimming."""

from collections.abc import Iterable

from prometheus_client import Counter

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames.requests import SendRequest
from bussa_protocol.ids import Folder
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import HANDLERS
from bussa_server.domain.unit_of_work import MessageSent, Refusal, Result, Taken
from bussa_server.telemetry.log import RateLimitedLog, exc_info_of, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_QUEUE_REJECTED = counter("commit_queue_rejected", "Commands rejected because the commit queue was full.")
_BATCH_SIZE = histogram("batch_commands", "Commands per commit.", buckets=[2**power for power in range(11)])
_BATCH_SECONDS = histogram("batch_seconds", "Duration of a commit.")
_QUEUE_DEPTH = gauge("commit_queue_depth", "Commands waiting when the last batch was committed.")
_UNAVAILABLE = counter("database_unavailable", "Commands answered `unavailable` because the store was unavailable.")
_FAILED = counter("commands_failed", "Commands that failed with an unexpected exception.", "kind")
_MESSAGES = counter("messages", "Messages by verdict; a repeated nonce counts again.", "verdict")
_COMMANDS = counter("commands", "Commands other than messages.", "kind", "outcome")
_GAP_RECOVERIES = counter("gap_recoveries", "Gaps in a connection's stream that were recovered from the log.")
_GAP_RECOVERED_EVENTS = counter("gap_recovered_events", "Events recovered from the log.")
_TRIMMED = counter("trimmed_events", "Events trimmed from logs.")
_COMMIT_TO_SEND_QUEUE = histogram(
    "commit_to_send_queue_seconds", "From the start of a commit until its events are in the send queues."
)

# Bound once: looking a child up by label costs more than the increment.
_SENT: dict[Folder, Counter] = {"inbox": _MESSAGES.labels("inbox"), "requests": _MESSAGES.labels("requests")}
_REFUSED = {
    code: _MESSAGES.labels(code.value)
    for code in (
        ErrorCode.BAD_REQUEST,
        ErrorCode.NOT_FOUND,
        ErrorCode.NOT_ALLOWED,
        ErrorCode.AWAITING_ACCEPTANCE,
        ErrorCode.CONFLICT,
    )
}
_DONE: dict[type, Counter] = {
    kind: _COMMANDS.labels(handler.name, "done") for kind, handler in HANDLERS.items() if kind is not SendRequest
}
# There from the start, so that the first failure is an increase (see `sockets`).
for _handler in HANDLERS.values():
    _FAILED.labels(_handler.name)

_queue_full_line = RateLimitedLog()
_unavailable_line = RateLimitedLog()


def commit_queue_full() -> None:
    """A command was rejected because the commit queue is full."""
    _QUEUE_REJECTED.inc()
    if (skipped := _queue_full_line.due()) is not None:
        log.warning("commit queue full", skipped=skipped)


def batch_committed(size: int, seconds: float, waiting: int) -> None:
    """A commit of ``size`` commands ended, with whatever outcome; ``waiting`` commands were queued meanwhile."""
    _BATCH_SIZE.observe(size)
    _BATCH_SECONDS.observe(seconds)
    _QUEUE_DEPTH.set(waiting)


def database_unavailable(error: Exception, commands: int) -> None:
    """The store was unavailable. ``commands``: of the failed batch; 0 outside a commit."""
    _UNAVAILABLE.inc(commands)
    if (skipped := _unavailable_line.due()) is not None:
        log.warning("database unavailable", error=_describe(error), commands=commands, skipped=skipped)


def command_failed(command: Command, error: Exception) -> None:
    """A command failed with an unexpected exception; nothing of it was committed."""
    kind = _kind(command)
    _FAILED.labels(kind).inc()
    log.error("command failed", kind=kind, exc_info=exc_info_of(error))


def commands_handled(handled: Iterable[tuple[Command, Result]]) -> None:
    """Commands were handled or refused. Hot path of every message: no log line, and one increment for many."""
    sent = dict.fromkeys(_SENT, 0)
    for command, result in handled:
        if isinstance(result, MessageSent):
            sent[result.folder] += 1
        else:
            _count_handled(command, result)
    for folder, count in sent.items():
        if count:
            _SENT[folder].inc(count)


def _count_handled(command: Command, result: Result) -> None:
    if isinstance(result, Taken):
        _COMMANDS.labels(_kind(command), "taken").inc()
    elif not isinstance(result, Refusal):
        _DONE[type(command.request)].inc()
    elif isinstance(command.request, SendRequest):
        bound = _REFUSED.get(result.code)
        (bound or _MESSAGES.labels(result.code.value)).inc()
    else:
        _COMMANDS.labels(_kind(command), result.code.value).inc()


def _kind(command: Command) -> str:
    return HANDLERS[type(command.request)].name


def gap_recovered(events: int) -> None:
    """A connection recovered ``events`` events of a gap from the log."""
    _GAP_RECOVERIES.inc()
    _GAP_RECOVERED_EVENTS.inc(events)


def log_trimmed(events: int) -> None:
    """Logs were trimmed to their retention limits."""
    _TRIMMED.inc(events)
    log.debug("logs trimmed", events=events)


def commit_to_send_queue(seconds: float) -> None:
    """Duration from the start of a commit until its events are in the send queues."""
    _COMMIT_TO_SEND_QUEUE.observe(seconds)


def _describe(error: Exception) -> str:
    # The message of Unavailable is our own; of its cause only the type is named, since its message may quote data.
    cause = error.__cause__
    return str(error)[:200] if cause is None else f"{str(error)[:200]} ({type(cause).__name__})"
