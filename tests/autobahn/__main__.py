"""``python -m tests.autobahn``: run Autobahn's fuzzing client against the transport, and print its verdicts as a table.

Needs ``wstest`` (see README.md beside this file). Status 0: no case failed; 1: some did; 2: no wstest.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.autobahn.echo import serving
from tests.autobahn.verdicts import Verdicts, is_failure, parse_index, table

AGENT = "bussa"
"""The server's name in the suite's reports."""

CASES_BY_LIMITS = {
    "contract": ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"),
    "wide": ("9.*",),
}
"""The cases to run with each limits. 12 and 13 are about compression, which is not offered."""


async def run_suite(wstest: str, limits: str, cases: tuple[str, ...], folder: Path) -> Verdicts:
    """Let wstest run ``cases`` against the echo; its reports go to ``folder``.

    Raises RuntimeError: wstest failed.
    """
    async with serving(limits) as port:
        servers = [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}]
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing is served yet
        spec = folder / "spec.json"
        spec.write_text(json.dumps({"outdir": str(folder), "servers": servers, "cases": cases, "exclude-cases": []}))
        with (folder / "wstest.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                wstest, "--mode", "fuzzingclient", "--spec", str(spec), stdout=log, stderr=log
            )
            try:
                status = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
    index = folder / "index.json"
    if status or not index.exists():
        raise RuntimeError(f"wstest exited with status {status}: see {log.name}")
    return parse_index(json.loads(index.read_text()))


async def run_all(wstest: str, only: tuple[str, ...] | None, folder: Path) -> Verdicts:
    found: Verdicts = {}
    for limits, cases in CASES_BY_LIMITS.items():
        chosen = cases if only is None else tuple(case for case in only if case.startswith("9.") == (limits == "wide"))
        if not chosen:
            continue
        for agent, verdicts in (await run_suite(wstest, limits, chosen, folder / limits)).items():
            found.setdefault(agent, {}).update(verdicts)
    return found


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.autobahn", description=__doc__.split("\n", 1)[0])
    options.add_argument("--wstest", default=shutil.which("wstest"), help="the program, if it is not on the PATH")
    options.add_argument("--out", type=Path, help="folder for its own reports (default: a new temporary folder)")
    options.add_argument("cases", nargs="*", help="patterns such as 6.4.* (default: all but compression)")
    given = options.parse_args()
    if given.wstest is None:
        print("wstest is not on the PATH: see tests/autobahn/README.md", file=sys.stderr)
        return 2
    folder = given.out or Path(tempfile.mkdtemp(prefix="autobahn-"))
    found = uvloop.run(run_all(given.wstest, tuple(given.cases) or None, folder.absolute()))
    print(table(found))
    print(f"\nReports: {folder}/*/index.html")
    return 1 if any(is_failure(verdict) for verdicts in found.values() for verdict in verdicts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
