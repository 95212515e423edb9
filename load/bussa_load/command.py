"""Runs the command line: processes, file limits, source addresses, reports."""

import asyncio
import json
import resource
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from bussa_load import html, multiprocess, report
from bussa_load.monitor import Progress
from bussa_load.outcome import Outcome, combined
from bussa_load.plan import Plan
from bussa_load.provision import ProvisionError
from bussa_load.runner import Run, Target

SPARE_FILES = 100
"""File descriptors beside the connections: modules, HTTP connections, inherited ones."""


class LoadError(Exception):
    """The run failed; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    url: str
    admin_key: str
    processes: int = 1
    json_file: Path | None = None
    html_file: Path | None = None
    quiet: bool = False
    secret: str | None = None
    """The server's secret: tokens are signed locally instead of fetched."""
    sources: tuple[str, ...] = ()
    """Local addresses to connect from, assigned to the processes round robin."""


def run(plan: Plan, options: Options) -> int:
    """Run ``plan`` and print the report. Returns the exit status: 1 if any message was wrong, else 0.

    Raises LoadError, ValueError (too few connections).
    """
    outcome = execute(plan, options)
    print(report.as_text(outcome))
    if options.json_file is not None:
        options.json_file.write_text(json.dumps(report.as_json(outcome), indent=1))
    if options.html_file is not None:
        options.html_file.write_text(html.as_html(outcome), encoding="utf-8")
    return 1 if outcome.wrong else 0


def execute(plan: Plan, options: Options) -> Outcome:
    """Run ``plan``. Raises LoadError, ValueError."""
    count = options.processes
    if count < 1:
        raise ValueError("at least one process")
    if urlsplit(options.url).scheme != "http":
        # AdminClient has no TLS: it would send the admin key in the clear to an https:// address.
        raise LoadError(f"{options.url}: the harness speaks plain HTTP; use an http:// address behind the TLS proxy")
    share, more = divmod(plan.connections, count)
    tell = _progress_printer(options.quiet)
    parts = [
        (
            replace(plan, connections=share + (number < more), rate=plan.rate / count, seed=plan.seed + number),
            Target(
                options.url,
                options.admin_key,
                f"l{secrets.token_hex(4)}-",
                options.secret,
                source_address(number, options),
            ),
        )
        for number in range(count)
    ]
    try:
        if count == 1:
            outcomes = [run_process(*parts[0], lambda news: tell(news if isinstance(news, str) else news.line()), None)]
        else:
            outcomes = multiprocess.run_workers(run_process, parts, tell)
    except (ProvisionError, OSError, multiprocess.WorkerError) as error:
        raise LoadError(str(error) or type(error).__name__) from None
    finally:
        if not options.quiet and sys.stderr.isatty():
            print(file=sys.stderr)
    return combined(outcomes, plan)


def run_process(
    plan: Plan, target: Target, tell: Callable[[str | Progress], None], ready: Callable[[], None] | None
) -> Outcome:
    """The work of one process. ``ready`` blocks until the others are ready.

    Raises ProvisionError, OSError, LoadError.
    """
    raise_file_limit(plan.connections)

    async def begin() -> None:
        if ready is not None:
            await asyncio.to_thread(ready)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Run(plan, target, tell).run(begin))


def raise_file_limit(connections: int) -> None:
    """Raise the limit of open files to one per connection. Raises LoadError: the hard limit is lower."""
    wanted = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise LoadError(
                f"{connections:,} connections from one process: the hard limit is {hard:,} open files; "
                "raise it (ulimit -Hn) or use more --processes"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def source_address(number: int, options: Options) -> str | None:
    """The address that a process connects from.

    One address has some 28,000 ephemeral ports. With several processes and a server on this machine, each process gets
    a loopback address of its own.
    """
    if options.sources:
        return options.sources[number % len(options.sources)]
    host = urlsplit(options.url).hostname or ""
    if options.processes > 1 and (host == "localhost" or host.startswith("127.")):
        return f"127.0.{number // 250}.{number % 250 + 1}"
    return None


def _progress_printer(quiet: bool) -> Callable[[str], None]:
    start, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")

    def tell(line: str) -> None:
        if not quiet:
            print(f"{start}{line}", end=end, file=sys.stderr, flush=True)

    return tell
