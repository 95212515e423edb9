"""No silent skips in CI.

With ``CI=true`` a skipped or expected-to-fail test fails the run, unless its reason is listed in
``allowed_skips.txt`` beside this file: a line ``reason  # why this may be so``.
"""

import os
from pathlib import Path

import pytest

ALLOWED = Path(__file__).with_name("allowed_skips.txt")


def allowed_reasons(text: str) -> frozenset[str]:
    """The reasons of a list; blank lines and comments are ignored.

    Raises:
        ValueError: a reason has no comment that says why.
    """
    reasons: set[str] = set()
    for line in text.splitlines():
        reason, _, why = line.partition("#")
        if not reason.strip():
            continue
        if not why.strip():
            raise ValueError(f"{ALLOWED.name}: {line!r} does not say why")
        reasons.add(reason.strip())
    return frozenset(reasons)


class SkipGuard:
    """Collects skips with other reasons than the allowed ones, and fails the run if there are any."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._disallowed: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._record(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._record(report)

    def _record(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        reason = _reason(report)
        if reason not in self._allowed:
            self._disallowed.append((report.nodeid, reason))

    # Before the terminal reporter's hook, which prints the summary.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._disallowed and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._disallowed:
            return
        terminalreporter.section("skipped in CI for no allowed reason", red=True)
        for nodeid, reason in self._disallowed:
            terminalreporter.line(f"{nodeid}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    expected_to_fail = getattr(report, "wasxfail", None)
    if expected_to_fail is not None:
        return str(expected_to_fail).removeprefix("reason: ")
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(SkipGuard(allowed_reasons(ALLOWED.read_text(encoding="utf-8"))), "skip-guard")
