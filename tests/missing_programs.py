"""Programs that some tests use where they are installed: the end of a run says which were not there.

In CI each of them has to be.
"""

import os
import shutil
import sys

import pytest

# A browser has several names; any of them serves.
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

PROMTOOL = shutil.which("promtool")

# Debian keeps it where only root looks.
HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def missing() -> list[str]:
    """What is not run without them, each in a few words."""
    return [
        words
        for found, words in (
            (CHROMIUM, "the page in a browser (chromium)"),
            (HAPROXY or sys.platform != "linux", "the balancer itself (haproxy)"),
            (PROMTOOL, "the alerts and the dashboard (prometheus and its promtool)"),
        )
        if not found
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and missing() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lacking := missing():
        terminalreporter.line(
            f"Not run here, for want of a program: {', '.join(lacking)}. "
            "On Debian and Ubuntu: apt install chromium haproxy prometheus.",
            yellow=True,
        )
