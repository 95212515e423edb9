"""The post and the store: what is committed, and how it gets to the logs' readers."""

from collections.abc import Iterable

from prometheus_client import Counter

from bussa_protocol.codes import ErrorCode
from bussa_protocol.ids import Folder
from bussa_server.domain import commands
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent, Refusal, Result, Taken
from bussa_server.telemetry.log import RateLimitedLog, exc_info_of, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_QUEUE_REJECTED = counter("commit_queue_rejected", "Commands refused because too many were waiting.")
_BATCH_SIZE = histogram("batch_commands", "Commands of one commit.", buckets=[2**power for power in range(11)])
_BATCH_SECONDS = histogram("batch_seconds", "How long one commit took.")
_QUEUE_DEPTH = gauge("commit_queue_depth", "Commands that waited when the last batch came back.")
_UNAVAILABLE = counter("database_unavailable", "Commands answered `unavailable` because the store was.")
_FAILED = counter("commands_failed", "Commands that failed by a defect.", "kind")
_MESSAGES = counter("messages", "Messages by verdict; a repeated nonce counts again.", "verdict")
_COMMANDS = counter("commands", "Commands other than messages.", "kind", "outcome")
_GAP_RECOVERIES = counter("gap_recoveries", "Gaps in the stream of a connection that were read from the log.")
_GAP_RECOVERED_EVENTS = counter("gap_recovered_events", "Events of those gaps.")
_TRIMMED = counter("trimmed_events", "Events that logs no longer reach back to.")
_COMMIT_TO_SEND_QUEUE = histogram(
    "commit_to_send_queue_seconds", "From taking a batch up until the outboxes have its events."
)

_KINDS: tuple[type[Command], ...] = (
    commands.MarkRead,
    commands.Accept,
    commands.Decline,
    commands.Block,
    commands.Mute,
    commands.Report,
    commands.ChangeSettings,
    commands.Follow,
    commands.SignUp,
    commands.PutUser,
    commands.Revoke,
    commands.RunTimer,
    commands.PostponeTimer,
)
# Bound once: a look-up by label costs more than all the rest of counting.
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
_DONE: dict[type[Command], Counter] = {kind: _COMMANDS.labels(kind.__name__, "done") for kind in _KINDS}

_queue_full_line = RateLimitedLog()
_unavailable_line = RateLimitedLog()


def commit_queue_full() -> None:
    """A command was turned away at the post."""
    _QUEUE_REJECTED.inc()
    if (skipped := _queue_full_line.due()) is not None:
        log.warning("commit queue full", skipped=skipped)


def batch_committed(size: int, seconds: float, waiting: int) -> None:
    """A batch came back from the store, whatever its outcome; ``waiting`` commands have gathered meanwhile."""
    _BATCH_SIZE.observe(size)
    _BATCH_SECONDS.observe(seconds)
    _QUEUE_DEPTH.set(waiting)


def database_unavailable(error: Exception, commands: int) -> None:
    """The store was out of reach for a batch of so many commands, or for one read (then 1)."""
    _UNAVAILABLE.inc(commands)
    if (skipped := _unavailable_line.due()) is not None:
        log.warning("database unavailable", error=_describe(error), commands=commands, skipped=skipped)


def command_failed(command: Command, error: Exception) -> None:
    """A command failed by a defect of ours; nothing of it was committed."""
    kind = type(command).__name__
    _FAILED.labels(kind).inc()
    log.error("command failed", kind=kind, exc_info=exc_info_of(error))


def commands_handled(handled: Iterable[tuple[Command, Result]]) -> None:
    """Commands were decided: carried out or refused. On the path of every message: no line, and one sum for many."""
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
        _COMMANDS.labels(type(command).__name__, "taken").inc()
    elif not isinstance(result, Refusal):
        _DONE[type(command)].inc()
    elif isinstance(command, commands.Send):
        bound = _REFUSED.get(result.code)
        (bound or _MESSAGES.labels(result.code.value)).inc()
    else:
        _COMMANDS.labels(type(command).__name__, result.code.value).inc()


def gap_recovered(events: int) -> None:
    """A connection missed so many events on the bus and got them from the log."""
    _GAP_RECOVERIES.inc()
    _GAP_RECOVERED_EVENTS.inc(events)


def log_trimmed(events: int) -> None:
    """Logs were shortened to what they must reach back to."""
    _TRIMMED.inc(events)
    log.debug("logs trimmed", events=events)


def commit_to_send_queue(seconds: float) -> None:
    """From taking a batch up until its events were handed to the outboxes."""
    _COMMIT_TO_SEND_QUEUE.observe(seconds)


def _describe(error: Exception) -> str:
    # Unavailable is worded by the adapters; a cause has its kind named and is not quoted.
    cause = error.__cause__
    return str(error)[:200] if cause is None else f"{str(error)[:200]} ({type(cause).__name__})"
