"""The last lines of a test run: the seed of its examples, and the missing programs."""

import re
from pathlib import Path

import pytest

SEED = Path(__file__).with_name("example_seed.py").read_text(encoding="utf-8")
PROGRAMS = Path(__file__).with_name("missing_programs.py").read_text(encoding="utf-8")

DRAWS = """
from hypothesis import given, strategies as st

@given(st.integers())
def test_draws(number):
    with open("drawn.txt", "a") as drawn:
        print(number, file=drawn)
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    (pytester.path / "drawn.txt").unlink(missing_ok=True)
    # No example database: the seed alone must repeat a run.
    pytester.makeini("[pytest]\naddopts = -p no:asyncio -p no:timeout -p no:cacheprovider")
    return pytester.runpytest_subprocess(*options)


def drawn(pytester: pytest.Pytester) -> list[str]:
    return (pytester.path / "drawn.txt").read_text().split()


@pytest.fixture(params=["", "true"], ids=["local", "in CI"])
def ci(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", request.param)


@pytest.mark.usefixtures("ci")
def test_examples_are_new_in_each_run_and_their_seed_repeats_them(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(SEED + "\nfrom hypothesis import settings\nsettings.register_profile('t', settings(), "
                          "derandomize=False, database=None)\nsettings.load_profile('t')\n")  # fmt: skip
    pytester.makepyfile(DRAWS)
    first = run(pytester)
    assert first.ret == pytest.ExitCode.OK
    examples = drawn(pytester)
    seed = re.search(r"--hypothesis-seed=(\d+)", str(first.stdout))
    assert seed is not None
    run(pytester)
    assert drawn(pytester) != examples
    run(pytester, f"--hypothesis-seed={seed[1]}")
    assert drawn(pytester) == examples


def test_workers_draw_by_the_seed_of_the_run(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(SEED)
    pytester.makepyfile(
        "import hypothesis.core\ndef test_seed(request):\n"
        "    with open(request.config.rootpath / 'drawn.txt', 'w') as seen:\n"
        "        print(hypothesis.core.global_force_seed, file=seen)\n"
    )
    result = run(pytester, "-n", "1")
    assert drawn(pytester) == re.findall(r"--hypothesis-seed=(\d+)", str(result.stdout))


@pytest.mark.parametrize(("ci", "status"), [("", pytest.ExitCode.OK), ("true", pytest.ExitCode.TESTS_FAILED)])
def test_missing_programs_are_listed_and_fail_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, status: pytest.ExitCode
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(PROGRAMS + "\nCHROMIUM = None\n")
    pytester.makepyfile("def test_passes(): pass")
    result = run(pytester)
    assert result.ret == status
    result.stdout.fnmatch_lines(["*the web client in a browser (chromium)*apt install chromium*"])


def test_summary_is_silent_if_no_program_is_missing(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PROGRAMS + "\nCHROMIUM = HAPROXY = PROMTOOL = 'here'\n")
    pytester.makepyfile("def test_passes(): pass")
    result = run(pytester)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*program is missing*")
