"""The post and the store: what is committed, and how it gets to the logs' readers."""

from collections.abc import Iterable

from prometheus_client import Counter

from bussa_protocol.codes import Code
from bussa_protocol.ids import Folder
from bussa_server.domain import commands
from bussa_server.domain.book import Posted, Refusal, Result, Taken
from bussa_server.domain.commands import Command
from bussa_server.telemetry.log import Seldom, log, told
from bussa_server.telemetry.registry import counter, gauge, histogram

_OVERFLOWS = counter("post_overflows", "Commands refused because too many were waiting.")
_BATCH_SIZE = histogram("batch_commands", "Commands of one commit.", buckets=[2**power for power in range(11)])
_BATCH_SECONDS = histogram("batch_seconds", "How long one commit took.")
_WAITING = gauge("post_waiting", "Commands that waited when the last batch came back.")
_UNAVAILABLE = counter("store_unavailable", "Commands answered `unavailable` because the store was.")
_FAILED = counter("commands_failed", "Commands that failed by a defect.", "kind")
_MESSAGES = counter("messages", "Messages by verdict; a repeated nonce counts again.", "verdict")
_COMMANDS = counter("commands", "Commands other than messages.", "kind", "outcome")
_HEALS = counter("log_heals", "Gaps in the stream of a connection that were read from the log.")
_HEALED = counter("log_healed_events", "Events of those gaps.")
_TRIMMED = counter("trimmed_events", "Events that logs no longer reach back to.")
_LOG_LAG = histogram("log_lag_seconds", "From taking a batch up until the outboxes have its events.")

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
    commands.PutPerson,
    commands.Revoke,
)
# Bound once: a look-up by label costs more than all the rest of counting.
_POSTED: dict[Folder, Counter] = {"inbox": _MESSAGES.labels("inbox"), "requests": _MESSAGES.labels("requests")}
_REFUSED = {
    code: _MESSAGES.labels(code.value)
    for code in (Code.BAD_REQUEST, Code.NOT_FOUND, Code.NOT_ALLOWED, Code.AWAITING_ACCEPTANCE, Code.CONFLICT)
}
_DONE: dict[type[Command], Counter] = {kind: _COMMANDS.labels(kind.__name__, "done") for kind in _KINDS}

_overflow_line = Seldom()
_unavailable_line = Seldom()


def post_overflow() -> None:
    """A command was turned away at the post."""
    _OVERFLOWS.inc()
    if (skipped := _overflow_line.due()) is not None:
        log.warning("the post is full", skipped=skipped)


def batch_committed(size: int, seconds: float, waiting: int) -> None:
    """A batch came back from the store, whatever its outcome; ``waiting`` commands have gathered meanwhile."""
    _BATCH_SIZE.observe(size)
    _BATCH_SECONDS.observe(seconds)
    _WAITING.set(waiting)


def store_unavailable(error: Exception, commands: int) -> None:
    """The store was out of reach for a batch of so many commands, or for one read (then 1)."""
    _UNAVAILABLE.inc(commands)
    if (skipped := _unavailable_line.due()) is not None:
        log.warning("the store is out of reach", error=_say(error), commands=commands, skipped=skipped)


def command_failed(command: Command, error: Exception) -> None:
    """A command failed by a defect of ours; nothing of it was committed."""
    kind = type(command).__name__
    _FAILED.labels(kind).inc()
    log.error("a command failed", kind=kind, exc_info=told(error))


def commands_carried(carried: Iterable[tuple[Command, Result]]) -> None:
    """Commands were decided: carried out or refused. On the path of every message: no line, and one sum for many."""
    posted = dict.fromkeys(_POSTED, 0)
    for command, result in carried:
        if isinstance(result, Posted):
            posted[result.folder] += 1
        else:
            _carried(command, result)
    for folder, count in posted.items():
        if count:
            _POSTED[folder].inc(count)


def _carried(command: Command, result: Result) -> None:
    if isinstance(result, Taken):
        _COMMANDS.labels(type(command).__name__, "taken").inc()
    elif not isinstance(result, Refusal):
        _DONE[type(command)].inc()
    elif isinstance(command, commands.Send):
        bound = _REFUSED.get(result.code)
        (bound or _MESSAGES.labels(result.code.value)).inc()
    else:
        _COMMANDS.labels(type(command).__name__, result.code.value).inc()


def log_healed(events: int) -> None:
    """A connection missed so many events on the bus and got them from the log."""
    _HEALS.inc()
    _HEALED.inc(events)


def trimmed(events: int) -> None:
    """Logs were shortened to what they must reach back to."""
    _TRIMMED.inc(events)
    log.debug("logs trimmed", events=events)


def log_lag(seconds: float) -> None:
    """From taking a batch up until its events were handed to the outboxes."""
    _LOG_LAG.observe(seconds)


def _say(error: Exception) -> str:
    # Unavailable is worded by the adapters; a cause has its kind named and is not quoted.
    cause = error.__cause__
    return str(error)[:200] if cause is None else f"{str(error)[:200]} ({type(cause).__name__})"
