"""JavaScript tests without a browser, in Node's test runner: the SDK and the page's store."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.tools import NODE, ROOT

FILES = sorted((ROOT / "tests" / "web" / "node").glob("*.test.js"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_node_suite_passes(file: Path) -> None:
    bussa = Path(sys.executable).with_name("bussa")
    ran = subprocess.run(
        [NODE, "--test", "--test-reporter=spec", file],
        cwd=ROOT,
        env={**os.environ, "BUSSA": str(bussa)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "pass 0" not in ran.stdout, "no test ran"
