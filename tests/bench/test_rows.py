"""Every row of the benchmark on a small scale: that it measures, not how much."""

import subprocess
import sys

import pytest

from bench import closed_loop, crowd, desk, gap, nodes, paced, presence, servers, stored
from bench.table import Line, Measured, median, plain, text


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (closed_loop, "PAIRS", 4),
        (closed_loop, "WARM_SECONDS", 0.1),
        (closed_loop, "COUNT_SECONDS", 0.3),
        (crowd, "PAIRS", 4),
        (crowd, "FEW_PAIRS", 2),
        (crowd, "IN_FLIGHT", 16),
        (paced, "CONNECTIONS", 8),
        (paced, "SECONDS", 0.5),
        (presence, "CONNECTIONS", 12),
        (presence, "WARM_UP_CONNECTIONS", 2),
        (presence, "IDLE_SECONDS", 0.2),
        (gap, "EVENTS", 300),
        (gap, "ROUNDS", 2),
        (desk, "CUSTOMERS", 10),
        (desk, "SECONDS", 0.5),
    ):
        monkeypatch.setattr(module, name, value)


def test_closed_loop_row_measures_echo_and_pairs() -> None:
    echo, pairs = closed_loop.measure(None, 1, [2])
    assert (echo.name, pairs.name) == ("echo, 2 outstanding", "delivered, 2 outstanding")
    assert echo.rate
    assert pairs.rate
    assert echo.ratio == 1.0


def test_paced_row_measures_latency() -> None:
    echo, bussa = paced.measure(None, 40, "40/s")
    assert echo.ratio == 1.0
    assert bussa.note.startswith("p50 ")


def test_presence_row_measures_connects_resumes_and_idle() -> None:
    lines = {line.name: line for line in presence.measure(None)}
    assert lines["connects with hello"].rate
    assert lines["resumes"].rate
    assert "KiB" in lines["idle connection"].note


def test_gap_row_measures_resume() -> None:
    (line,) = gap.measure(None)
    assert line.rate


def test_crowd_row_compares_connection_counts() -> None:
    few, usual, many = crowd.measure(None, 1, 20)
    assert [line.name for line in (few, usual, many)] == [
        "delivered, 4 connections",
        "delivered, 8 connections",
        "delivered, 20 connections",
    ]
    assert usual.note == "1.00 ×"
    assert many.rate


def test_desk_row_measures_rate_and_cpu() -> None:
    (line,) = desk.measure(None)
    assert line.rate
    assert line.cpu_micros is not None


def test_stored_row_compares_database_sizes() -> None:
    few, many = stored.measure(None, 1, 3000)
    assert (few.name, many.name) == ("delivered, 1,000 stored", "delivered, 3,000 stored")
    assert "× the cost at 1,000" in many.note


def test_nodes_row_measures_each_process() -> None:
    lines = nodes.measure(1, 10.0)
    assert [line.name for line in lines] == [
        "two nodes: both servers",
        "two nodes: PostgreSQL",
        "two nodes: Redis",
    ]
    assert all(line.rate for line in lines)


def test_lines_have_medians_and_ratios() -> None:
    def of(*cpus: float) -> list[Measured]:
        return [Measured(100.0, cpu, 0.5) for cpu in cpus]

    line = median("delivered", of(40, 90, 50), of(20, 30, 25), "quietly")
    assert line == Line("delivered", 100.0, 50, 0.5, 2.0, "quietly")
    assert text(line).split() == ["delivered", "100", "50.0", "50%", "2.00", "quietly"]
    assert plain(Line("idle", note="24 KiB")) == {"name": "idle", "note": "24 KiB"}


def test_cpu_time_includes_child_processes() -> None:
    """A shell with a busy child: the child's time counts while it runs and after its end."""
    work = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nprint(1, flush=True)"
    shell = subprocess.Popen(
        ["/bin/sh", "-c", '"$1" -c "$2\ninput()"; echo 2; read x', "sh", sys.executable, work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shell.stdout is not None
    assert shell.stdin is not None
    try:
        assert shell.stdout.readline() == "1\n"
        assert servers.cpu_seconds(shell.pid) >= 0.3
        shell.stdin.write("\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == "2\n"
        assert servers.cpu_seconds(shell.pid) >= 0.3
    finally:
        shell.communicate("\n")


def test_server_that_does_not_start_raises() -> None:
    with pytest.raises(RuntimeError, match="did not start"), servers.bussa(None, None, "--no-such-option"):
        pass
