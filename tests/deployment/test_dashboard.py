"""The dashboard and the alerts on a real Prometheus that scrapes the running deployment."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.deployment import compose
from tests.deployment.balancer import HAS_HAPROXY, Haproxy
from tests.deployment.session import Session
from tests.deployment.topology import Topology
from tests.e2e.server_process import TIMEOUT, free_port

PROMETHEUS = shutil.which("prometheus")

# A rate needs two scrapes within its range.
RATE_INTERVAL = "5s"

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None or not HAS_HAPROXY, reason="no Prometheus or no HAProxy on this machine"
)


class Prometheus:
    """With the rules of the deployment; only the targets and the intervals are those of the test."""

    def __init__(self, folder: Path, topology: Topology) -> None:
        assert isinstance(topology.balancer, Haproxy)
        config = yaml.safe_load((compose.DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        targets = {
            "bussa": [f"{node.address}:{node.port}" for node in topology.nodes.values()],
            "balancer": [f"127.0.0.1:{topology.balancer.metrics_port}"],
        }
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        shutil.copy(compose.DEPLOY / "prometheus/alerts.yml", folder)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(str(PROMETHEUS), f"--config.file={folder / 'prometheus.yml'}"),
                    *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
                ],
                stderr=log,
            )

    def query(self, expression: str) -> list[Any]:
        answer = httpx.get(f"{self._url}/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    def rules(self) -> list[dict[str, Any]]:
        groups = httpx.get(f"{self._url}/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def wait(self) -> None:
        """Until it has scraped every target."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                if len(self.query("up == 1")) == 3:
                    return
            except httpx.TransportError:
                assert self._process.poll() is None
            assert time.monotonic() < deadline, self.query("up")
            time.sleep(0.1)  # it tells nobody when it is ready

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(TIMEOUT)


@pytest.fixture
def prometheus(topology: Topology, tmp_path: Path) -> Iterator[Prometheus]:
    prometheus = Prometheus(tmp_path, topology)
    prometheus.wait()
    yield prometheus
    prometheus.close()


def panels() -> list[tuple[str, str]]:
    dashboard = json.loads((compose.DEPLOY / "grafana/dashboards/bussa.json").read_text(encoding="utf-8"))
    found = [
        (panel["title"], target["expr"].replace("$__rate_interval", RATE_INTERVAL))
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    assert len(found) > 20
    return found


async def test_every_panel_has_data_and_no_rule_fails(session: Session, prometheus: Prometheus) -> None:
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    hers, his = await session.connect(alice), await session.connect(bob)
    deadline = time.monotonic() + TIMEOUT
    while True:
        for _ in range(20):
            await hers.send(bob, "ciao")
            await his.next_event()
        empty = [title for title, text in panels() if not await asyncio.to_thread(prometheus.query, text)]
        if not empty or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)  # a rate is that of some time
    assert empty == []
    rules = prometheus.rules()
    assert len(rules) > 10
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] == "err"] == []
    # Nothing is wrong with this deployment, so nobody is called.
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []
