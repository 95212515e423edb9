"""The deployment's files agree with each other and with the server."""

import ipaddress
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bussa_server import telemetry
from tests.deployment import compose
from tests.missing_programs import PROMTOOL

EXAMPLE = (compose.ROOT / ".env.example").read_text(encoding="utf-8")
SECRETS = re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE)
FILLED = {name: f"{name.lower()}-of-the-test" for name in SECRETS}


@pytest.fixture
def file() -> dict[str, Any]:
    return compose.load(FILLED)


# The image.


def test_image_contains_all_that_is_installed() -> None:
    project = tomllib.loads((compose.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {
        *(package.partition("/")[0] for package in packages),
        "web",
        "pyproject.toml",
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    assert {source.removeprefix("./") for source in compose.copied_sources()} >= needed
    for source in compose.copied_sources():
        assert (compose.ROOT / source).exists()


def test_build_context_excludes_everything_else() -> None:
    kept_out = (
        ".env",
        ".git/config",
        "tests/conftest.py",
        "bussa-data/secret",
        "server/bussa_server/__pycache__/app.pyc",
        "deploy",
    )
    assert [path for path in kept_out if compose.is_in_build_context(path)] == []
    assert compose.is_in_build_context("server/bussa_server/adapters/sqlite/migrations/0001_first.sql")


def test_image_sources_import(tmp_path: Path) -> None:
    folder = compose.copy_image_sources(tmp_path)
    code = (
        "import bussa_server.http.static as w, bussa_server.cli, bussa, bussa_load;"
        "print(w.__file__, w.WEB_FOLDER.is_dir())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": compose.source_path(folder)},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == [str(folder / "server/bussa_server/http/static.py"), "True"], ran.stderr


def test_image_runs_unprivileged_and_builds_nothing() -> None:
    instructions = compose.dockerfile()
    last = max(index for index, (word, _) in enumerate(instructions) if word == "FROM")
    final = instructions[last:]
    assert ("USER", "bussa") in final
    assert not any("apt" in rest or "pip" in rest for word, rest in final if word == "RUN")
    assert ("ENTRYPOINT", '["bussa"]') in final
    assert ("CMD", '["serve", "--host", "0.0.0.0"]') in final


# The compose file.


@pytest.mark.parametrize("name", SECRETS)
def test_missing_secret_is_named(name: str) -> None:
    for without in ({key: value for key, value in FILLED.items() if key != name}, FILLED | {name: ""}):
        with pytest.raises(compose.MissingVariableError, match=f"{name}: .*env.example"):
            compose.load(without)


def test_secrets_have_no_default() -> None:
    text = compose.COMPOSE.read_text(encoding="utf-8")
    secret = {name for name in compose.variables_of(text) if re.search("KEY|SECRET|PASSWORD", name)}
    assert secret == {*SECRETS}
    for name in secret:
        assert set(re.findall(rf"\$\{{{name}(.)(.)", text)) == {(":", "?")}


def test_variables_are_all_in_env_example() -> None:
    named = {*re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE)}
    assert compose.variables_of(compose.COMPOSE.read_text(encoding="utf-8")) == named


def test_mounted_files_exist(file: dict[str, Any]) -> None:
    for service in file["services"].values():
        for volume in service.get("volumes", ()):
            source, _, _ = volume.partition(":")
            assert (compose.ROOT / source).exists() if source.startswith(".") else source in file["volumes"]


def test_only_the_balancer_is_published(file: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in file["services"].items() if "ports" in service}
    assert published == {"balancer": ["8080:8080"], "grafana": ["127.0.0.1:3000:3000"]}
    assert file["networks"]["inside"]["internal"] is True
    open_to_outside = {name for name, service in file["services"].items() if "outside" in service["networks"]}
    assert open_to_outside == {"balancer", "grafana"}


def test_trusted_proxy_is_the_balancers_reserved_address(file: dict[str, Any]) -> None:
    balancer = ipaddress.ip_address(file["services"]["balancer"]["networks"]["inside"]["ipv4_address"])
    network = file["networks"]["inside"]["ipam"]["config"][0]
    assert balancer in ipaddress.ip_network(network["subnet"])
    assert balancer not in ipaddress.ip_network(network["ip_range"])
    for server in compose.servers(file).values():
        assert server["environment"]["BUSSA_TRUSTED_PROXIES"] == str(balancer)


def test_servers_are_all_balanced_and_scraped(file: dict[str, Any]) -> None:
    servers = compose.servers(file)
    assert len(servers) >= 2
    balanced = re.findall(r"^\s+server (\S+) (\S+)", (compose.DEPLOY / "haproxy/haproxy.cfg").read_text(), re.MULTILINE)
    assert balanced == [(name, f"{name}:8080") for name in servers]
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((compose.DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    }
    assert jobs["bussa"]["static_configs"] == [{"targets": [f"{name}:8080" for name in servers]}]
    for name, service in file["services"].items():
        assert service["restart"] == "unless-stopped", name
        for other in service.get("depends_on", ()):
            assert other in file["services"]


# Monitoring.


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((compose.DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for rule in rules():
        yield rule["expr"]
    dashboard = json.loads((compose.DEPLOY / "grafana/dashboards/bussa.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def test_watched_metrics_exist() -> None:
    families = [*text_string_to_metric_families(telemetry.metrics().decode())]
    exported: set[str] = set()
    for family in families:
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        exported |= {family.name + suffix for suffix in suffixes}
    watched = {name for text in expressions() for name in re.findall(r"\b(?:bussa|process)_\w+", text)}
    assert len(watched) > 25
    assert watched <= exported


def test_expressions_name_only_known_metrics_and_labels() -> None:
    words = "sum|min|rate|increase|histogram_quantile|by|le|or|unless|offset|vector|up|job|proxy|outcome|instance"
    labels = (
        "server|verdict|code|status|kind|reason|where|route|m|bussa|balancer|limited|fetched|failed|__rate_interval"
    )
    ranges = re.compile(rf"\b(?:{words}|{labels}|(?:bussa|process|haproxy)_\w+|\d+m)\b")
    texts = [*expressions()]
    assert len(texts) > 25
    for text in texts:
        assert re.findall(r"[A-Za-z_]{2,}", ranges.sub("", text)) == [], text


def test_alert_rules_are_well_formed() -> None:
    assert len(rules()) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "report."))
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len({*names})
    tested = (compose.DEPLOY / "prometheus/alerts_test.yml").read_text()
    assert [name for name in names if f'alertname="{name}"' not in tested] == []
    if PROMTOOL is not None:  # it parses the expressions and runs the alert tests
        for check in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
            ran = subprocess.run([PROMTOOL, *check], cwd=compose.DEPLOY / "prometheus", capture_output=True, text=True)
            assert ran.returncode == 0, ran.stdout + ran.stderr


def test_dashboard_uses_the_provisioned_prometheus(file: dict[str, Any]) -> None:
    provisioning = compose.DEPLOY / "grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    dashboard = json.loads((compose.DEPLOY / "grafana/dashboards/bussa.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    provider = yaml.safe_load((provisioning / "dashboards/bussa.yml").read_text())["providers"][0]
    mounts = [volume.split(":")[1] for volume in file["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounts
