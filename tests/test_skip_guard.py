"""``skip_guard.py``: in CI a skipped test fails the run."""

from pathlib import Path

import pytest

GUARD = Path(__file__).with_name("skip_guard.py").read_text(encoding="utf-8")

PASSES = "def test_passes(): pass\n"
SKIPS = "import pytest\n@pytest.mark.skip(reason='no server here')\ndef test_skips(): pass\n" + PASSES
SKIPS_INSIDE = "import pytest\ndef test_skips(): pytest.skip('no server here')\n"
SKIPS_A_MODULE = "import pytest\npytest.skip('no server here', allow_module_level=True)\n"
EXPECTS_TO_FAIL = "import pytest\n@pytest.mark.xfail(reason='no server here')\ndef test_fails(): assert False\n"
FAILS_SOMEHOW = "import pytest\n@pytest.mark.xfail\ndef test_fails(): assert False\n"
FAILS = "def test_fails(): assert False\n"

NOT_RUN = {
    "marked": SKIPS,
    "inside": SKIPS_INSIDE,
    "module": SKIPS_A_MODULE,
    "xfail": EXPECTS_TO_FAIL,
}


def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str, *, ci: str | None, allowed: str = ""
) -> pytest.RunResult:
    pytester.makeconftest(GUARD)
    pytester.maketxtfile(allowed_skips=allowed)
    pytester.makepyfile(source)
    if ci is None:
        monkeypatch.delenv("CI", raising=False)
    else:
        monkeypatch.setenv("CI", ci)
    # Without plugins that these tests do not need, which halves the time.
    return pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:asyncio", "-p", "no:timeout")


@pytest.mark.parametrize("source", NOT_RUN.values(), ids=NOT_RUN.keys())
def test_skipped_test_fails_the_ci_run_and_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    result = run(pytester, monkeypatch, source, ci="true")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped in CI for no allowed reason*", "*test_skipped_test*: no server here"])


def test_xfail_without_reason_fails_the_ci_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(pytester, monkeypatch, FAILS_SOMEHOW, ci="true").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("source", [SKIPS, EXPECTS_TO_FAIL], ids=["marked", "xfail"])
def test_listed_reason_is_allowed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    result = run(pytester, monkeypatch, source, ci="true", allowed="# a list\n\nno server here  # why\n")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*no allowed reason*")


def test_listed_reason_must_be_explained(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(pytester, monkeypatch, PASSES, ci="true", allowed="no server here\n")
    assert result.ret != pytest.ExitCode.OK
    result.stderr.fnmatch_lines(["*'no server here' does not say why*"])


@pytest.mark.parametrize("ci", [None, "false"])
def test_skip_outside_ci_is_allowed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str | None) -> None:
    assert run(pytester, monkeypatch, SKIPS, ci=ci).ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("source", "ret"), [(PASSES, pytest.ExitCode.OK), (FAILS, pytest.ExitCode.TESTS_FAILED)], ids=["passes", "fails"]
)
def test_ci_run_keeps_its_outcome(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str, ret: pytest.ExitCode
) -> None:
    assert run(pytester, monkeypatch, source, ci="true").ret == ret
