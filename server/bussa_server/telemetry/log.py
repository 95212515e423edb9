"""How a log line looks, and how often one may come.

Lines go to stderr, of ours from the chosen level on, of the libraries below only warnings. A traceback
names files, lines and the kind of error, and leaves out what the error says: a database likes to quote
the row that it refused, and with it what somebody wrote. At level `debug` it is shown.
"""

import logging
import sys
import time
import traceback
from types import TracebackType
from typing import Literal

import structlog
from structlog.typing import ExcInfo, Processor

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

MAX_CHAIN = 8
"""Errors of one chain of causes that are shown."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("bussa")


def configure(format: str, level: str) -> None:
    """Send every line to stderr. ``format``: `text` for people, `json` for machines. ``level``: one of `Level`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    exceptions = structlog.processors.ExceptionRenderer(_in_full if level == "debug" else frames_only)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exceptions,
    ]
    renderer: Processor
    if format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bussa").setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
        theirs.setLevel(logging.WARNING)


def frames_only(exc_info: ExcInfo) -> str:
    """A traceback without what the errors say: the causes first, as Python does it."""
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(parts) < MAX_CHAIN:
        parts.append("".join([*traceback.format_tb(error.__traceback__), _kind(error)]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich led to\n".join(reversed(parts))


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _in_full(exc_info: ExcInfo) -> str:
    return "".join(traceback.format_exception(*exc_info)).rstrip()


def exc_info_of(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """``error`` as the `exc_info` of a log line."""
    return type(error), error, error.__traceback__


class RateLimitedLog:
    """At most one line a second of one event; the next one says how many were left out."""

    def __init__(self) -> None:
        self._next = 0.0
        self._skipped = 0

    def due(self) -> int | None:
        """How many were left out since the last line; None: leave this one out too."""
        now = time.monotonic()
        if now < self._next:
            self._skipped += 1
            return None
        self._next = now + 1.0
        skipped, self._skipped = self._skipped, 0
        return skipped
