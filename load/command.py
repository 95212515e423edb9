"""The command line of the harness, and several processes at once."""

import asyncio
import json
import multiprocessing
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from load import html, report
from load.plan import Plan
from load.runner import GreetingError, Outcome, Run
from load.town import TownError


class LoadError(Exception):
    """The run could not be carried out; says why."""


@dataclass(frozen=True, slots=True)
class Options:
    url: str
    admin_key: str
    processes: int = 1
    json_file: Path | None = None
    html_file: Path | None = None
    quiet: bool = False


def run(plan: Plan, options: Options) -> int:
    """Run ``plan``; prints the report. Returns 0 where every message was as it should be, else 1.

    Raises LoadError, ValueError (too few connections).
    """
    connections = plan.connections
    if options.processes == 1:
        outcomes = [_one(plan, options, 0)]
    else:
        share = connections // options.processes
        part = replace(plan, connections=share, rate=plan.rate / options.processes)
        connections = share * options.processes
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            outcomes = pool.starmap(_one, [(part, options, number) for number in range(options.processes)])
    outcome, meter = report.combined(outcomes)
    outcome.plan = plan
    table = report.as_text(outcome, meter, connections)
    data = report.as_json(outcome, meter, connections)
    if options.json_file is not None:
        options.json_file.write_text(json.dumps(data, indent=1))
    if options.html_file is not None:
        options.html_file.write_text(html.as_html(table, data, meter))
    print(table)
    return 1 if outcome.wrong else 0


def _one(plan: Plan, options: Options, number: int) -> Outcome:
    prefix = f"l{secrets.token_hex(3)}-"
    # One address has some 28,000 ports; each process brings an address of the loopback range of its own.
    local = "//127." in options.url or "//localhost" in options.url
    source = f"127.0.0.{number + 1}" if options.processes > 1 and local else None
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(Run(plan, options.url, options.admin_key, prefix, source).run(_progress(options, number)))
    except* (TownError, GreetingError, OSError) as errors:
        raise LoadError(str(errors.exceptions[0])) from None


def _progress(options: Options, number: int) -> Callable[[str], None]:
    start, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")

    def tell(line: str) -> None:
        if not options.quiet and number == 0:
            print(f"{start}{line}", end=end, file=sys.stderr, flush=True)

    return tell
