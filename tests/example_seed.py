"""One seed for all property tests of a run, new each time and printed, so that a failed run can be repeated."""

import random
from typing import Any

import pytest

SEEDS = 2**32


# Before Hypothesis reads the option.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("hypothesis_seed", None) is None:
        given = getattr(config, "workerinput", {}).get("hypothesis_seed")
        config.option.hypothesis_seed = given or str(random.SystemRandom().randrange(SEEDS))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the seed to a worker of pytest-xdist, which gets only the options of the command line."""
    node.workerinput["hypothesis_seed"] = node.config.option.hypothesis_seed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    seed = config.getoption("hypothesis_seed")
    terminalreporter.line(f'Examples of property tests: make test ARGS="--hypothesis-seed={seed}" draws them again.')
