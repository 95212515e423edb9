"""Logging: the format of a line, tracebacks without error messages, and rate limits of lines.

Lines go to stderr: ours from the chosen level on, those of libraries from `warning` on. A traceback names files, lines
and error types, and leaves out error messages: a database error may quote the row, and with it a message's text. At
level `debug` they are shown.
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
"""Errors shown of one chain of causes."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("bussa")


def configure(format: str, level: str) -> None:
    """Set up logging to stderr. ``format``: `text` or `json`. ``level``: one of `Level`."""
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
    """A traceback without error messages: the causes first, as Python prints it."""
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
    """The `exc_info` of ``error`` for a log line."""
    return type(error), error, error.__traceback__


class RateLimitedLog:
    """Limits the lines of one event to one a second; the next line says how many were skipped."""

    def __init__(self) -> None:
        self._next = 0.0
        self._skipped = 0

    def due(self) -> int | None:
        """The number of lines skipped since the last one; None: skip this one, too."""
        now = time.monotonic()
        if now < self._next:
            self._skipped += 1
            return None
        self._next = now + 1.0
        skipped, self._skipped = self._skipped, 0
        return skipped
