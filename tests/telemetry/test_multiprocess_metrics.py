"""Several workers of one port count together: whichever is asked, it answers for all."""

import os
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

# In a process of its own: where telemetry counts is decided when it is first imported.
TWO_WORKERS = """
import os
from pathlib import Path
from bussa_server import multiprocess_metrics

def worker(place, code):
    if pid := os.fork():
        return lambda: os.waitpid(pid, 0)
    telemetry.set_worker(place)
    code()
    os._exit(0)

def busy():
    telemetry.connection_opened("bussa.v1.json")
    telemetry.commit_queue_full()
    telemetry.batch_committed(3, 0.1, 5)
    if telemetry.registry._worker == "0":
        telemetry.redis_disconnected("redis", OSError("gone"))
    else:
        telemetry.redis_connected("redis")

with multiprocess_metrics.enabled():
    from bussa_server import telemetry
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    telemetry.configure("text", "error")
    worker("0", busy)()
    worker("1", busy)()
    worker("1", lambda: print(telemetry.metrics().decode(), flush=True))()
    print("---", flush=True)
    telemetry.remove_worker("0")
    files = len([*folder.iterdir()])
    worker("0", busy)()
    assert len([*folder.iterdir()]) == files + 3, "a successor leaves no files beside those of its place"
    print(telemetry.metrics().decode(), flush=True)
assert not folder.exists()
"""


def parse_samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_workers_share_metrics_and_a_successor_continues_them() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    ran = subprocess.run([sys.executable, "-c", TWO_WORKERS], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    first, second = (parse_samples(text) for text in ran.stdout.split("---"))
    assert first["bussa_commit_queue_rejected_total"] == 2
    assert first["bussa_connections"] == 2
    assert first["bussa_batch_commands_sum"] == 6
    assert first["bussa_batch_commands_count"] == 2
    assert first["bussa_redis_connectedredis"] == 0
    # The one at place 0 died with its connection; its successor has one of its own.
    assert second["bussa_connections"] == 2
    assert second["bussa_commit_queue_rejected_total"] == 3
    assert second["bussa_connections_opened_totalbussa.v1.json"] == 3


def test_single_process_counts_in_memory() -> None:
    code = "from bussa_server import telemetry; print(telemetry.metrics().decode())"
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert {"process_open_fds", "bussa_connections"} <= parse_samples(ran.stdout).keys()
