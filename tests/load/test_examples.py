"""The examples for other load tools, run as their users run them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server_process import ADMIN_KEY, Server, clean_environment

ROOT = Path(__file__).parents[2]
LOCUST = Path(sys.executable).with_name("locust")


def locust(server: Server, admin_key: str, stats: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: gevent patches the standard library."""
    return subprocess.run(
        [
            *(LOCUST, "-f", ROOT / "examples/locustfile.py", "--host", server.url, "--headless", "--csv", stats),
            *("-u", "6", "-r", "6", "-t", "4s", "--stop-timeout", "5"),
        ],
        env=clean_environment(BUSSA_ADMIN_KEY=admin_key),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_locust_example_runs(load_server: Server, tmp_path: Path) -> None:
    done = locust(load_server, ADMIN_KEY, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    rows = {row["Name"]: row for row in csv.DictReader((tmp_path / "run_stats.csv").read_text().splitlines())}
    assert {"connect", "send", "deliver"} <= set(rows)
    assert all(row["Failure Count"] == "0" for row in rows.values())
    assert rows["connect"]["Request Count"] == "6"
    assert int(rows["deliver"]["Request Count"]) >= 1
    assert "Traceback" not in done.stderr


def test_locust_example_names_missing_admin_key(load_server: Server, tmp_path: Path) -> None:
    assert "set BUSSA_ADMIN_KEY to the server's admin key" in locust(load_server, "wrong", tmp_path / "run").stderr


@pytest.mark.parametrize("admin_key", [ADMIN_KEY, "wrong"])
def test_k6_example_runs(load_server: Server, admin_key: str) -> None:
    """Node runs the script, with stubs of k6's modules."""
    done = subprocess.run(
        [ROOT / ".ci/node", ROOT / "tests/load/k6_stubs.mjs", ROOT / "examples/k6.js"],
        env=clean_environment(
            VENV=str(Path(sys.prefix)), ADMIN_KEY=admin_key, URL=load_server.url, SECONDS="1", RATE="10"
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if admin_key == "wrong":
        assert done.returncode != 0
        assert "admin key accepted" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    measured = output["measured"]
    assert measured["bussa_refused"] == []
    assert len(measured["bussa_ack"]) == len(measured["bussa_delivered"]) == len(measured["bussa_gapless"]) >= 5
    assert set(measured["bussa_gapless"]) == {1}
    assert set(output["thresholds"]) <= {*measured, "checks"}


def test_server_and_harness_do_not_import_example_dependencies() -> None:
    """Locust and its dependencies are only for running the example."""
    code = "import sys, bussa_server.app, bussa_load.command; sys.exit(bool({'gevent', 'locust'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, check=False).returncode == 0
