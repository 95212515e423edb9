"""Optional programs that some tests use: the end of a run lists the missing ones.

In CI a missing one fails the run.
"""

import os
import shutil
import sys

import pytest

# Any of these names of the browser.
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

PROMTOOL = shutil.which("promtool")

# Debian installs it in /usr/sbin, which is not on every PATH.
HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def missing() -> list[str]:
    """What is not tested without them, in a few words each."""
    return [
        words
        for found, words in (
            (CHROMIUM, "the web client in a browser (chromium)"),
            (HAPROXY or sys.platform != "linux", "the load balancer (haproxy)"),
            (PROMTOOL, "the alerts and the dashboard (prometheus and its promtool)"),
        )
        if not found
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and missing() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if untested := missing():
        terminalreporter.line(
            f"Not tested, since a program is missing: {', '.join(untested)}. "
            "On Debian and Ubuntu: apt install chromium haproxy prometheus.",
            yellow=True,
        )
