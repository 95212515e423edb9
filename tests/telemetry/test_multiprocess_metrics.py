"""Metrics of several workers on one port: any worker exposes the sum of all."""

import os
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

# In a process of its own: telemetry decides at import where to count.
TWO_WORKERS = """
import os
from pathlib import Path
from bussa_server import multiprocess_metrics

def run_worker(worker, code):
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        assert status == 0, (worker, status)
        return
    status = 1
    try:
        telemetry.set_worker(worker)
        code(worker)
        status = 0
    finally:
        os._exit(status)

def count(worker):
    telemetry.connection_opened("bussa.v1.json")
    telemetry.commit_queue_full()
    telemetry.batch_committed(3, 0.1, 5)
    if worker == "0":
        telemetry.redis_disconnected("redis", OSError("reset"))
    else:
        telemetry.redis_connected("redis")

with multiprocess_metrics.enabled():
    from bussa_server import telemetry
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    telemetry.configure("text", "error")
    run_worker("0", count)
    run_worker("1", count)
    run_worker("1", lambda _: print(telemetry.metrics().decode(), flush=True))
    print("---", flush=True)
    telemetry.remove_worker("0")
    files = len([*folder.iterdir()])
    run_worker("0", count)
    assert len([*folder.iterdir()]) == files + 3, "a replacement adds only the files of the gauges removed"
    print(telemetry.metrics().decode(), flush=True)
assert not folder.exists()
"""


def parse_samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_workers_share_metrics_and_a_replacement_continues_them() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    ran = subprocess.run([sys.executable, "-c", TWO_WORKERS], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    first, second = (parse_samples(text) for text in ran.stdout.split("---"))
    assert first["bussa_commit_queue_rejected_total"] == 2
    assert first["bussa_connections"] == 2
    assert first["bussa_batch_commands_sum"] == 6
    assert first["bussa_batch_commands_count"] == 2
    assert first["bussa_redis_connectedredis"] == 0
    # Worker 0 died with its connection; its replacement has one of its own.
    assert second["bussa_connections"] == 2
    assert second["bussa_commit_queue_rejected_total"] == 3
    assert second["bussa_connections_opened_totalbussa.v1.json"] == 3


def test_single_process_counts_in_memory() -> None:
    code = "from bussa_server import telemetry; print(telemetry.metrics().decode())"
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert {"process_open_fds", "bussa_connections"} <= parse_samples(ran.stdout).keys()
