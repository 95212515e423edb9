"""The instructions of docs/deployment.md work."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deployment import compose
from tests.deployment.test_config_files import SECRETS
from tests.missing_programs import HAPROXY

DOC = (compose.ROOT / "docs/deployment.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)


def test_documented_script_makes_distinct_secrets(tmp_path: Path) -> None:
    shutil.copy(compose.ROOT / ".env.example", tmp_path)
    if shutil.which("openssl") is None:
        (tmp_path / "openssl").write_text("#!/bin/sh\nhead -c \"$3\" /dev/urandom | od -An -tx1 | tr -d ' \\n'\n")
        (tmp_path / "openssl").chmod(0o755)
    script = next(text for kind, text in BLOCKS if kind == "sh" and ".env.example" in text)
    script = "".join(line for line in script.splitlines(keepends=True) if not line.startswith("docker"))
    path = f"{os.environ['PATH']}:{tmp_path}"
    subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, env={"PATH": path}, check=True)
    made = (tmp_path / ".env").read_text()
    values = dict(line.split("=", 1) for line in made.splitlines() if line and not line.startswith("#"))
    assert values.keys() == {*SECRETS}
    assert len({*values.values()}) == len(SECRETS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in values.values())
    assert (tmp_path / ".env").stat().st_mode & 0o77 == 0
    compose.load(values)


def test_documented_scripts_parse_and_name_existing_services() -> None:
    services = compose.load(dict.fromkeys(SECRETS, "x"))["services"]
    scripts = [text for kind, text in BLOCKS if kind == "sh"]
    assert len(scripts) > 3
    for text in scripts:
        subprocess.run(["sh", "-n", "-c", text], check=True)
        assert {*re.findall(r"\b(?:exec -T|exec) (\w+)", text)} <= services.keys()
        assert {*re.findall(r"\bbussa-\d\b", text)} in (set(), {*compose.servers({"services": services})})


def certificate() -> bytes:
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + private


def test_documented_tls_line_is_valid_haproxy_config(tmp_path: Path) -> None:
    line = next(text for kind, text in BLOCKS if kind == "haproxy")
    (tmp_path / "bussa.pem").write_bytes(certificate())
    line = line.replace("/usr/local/etc/haproxy", str(tmp_path))
    text = (compose.DEPLOY / "haproxy/haproxy.cfg").read_text(encoding="utf-8")
    changed = text.replace("    bind :8080\n", f"    bind :8080\n{line}")
    assert changed.count("bind :8443 ssl") == 1
    (tmp_path / "haproxy.cfg").write_text(changed)
    if HAPROXY is not None:
        ran = subprocess.run([HAPROXY, "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("what", ["alerts", "services", "variables", "secrets"])
def test_alerts_services_and_variables_are_documented(what: str) -> None:
    text = compose.COMPOSE.read_text(encoding="utf-8")
    groups = yaml.safe_load((compose.DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    names = {
        "alerts": [rule["alert"] for group in groups for rule in group["rules"]],
        "services": [*compose.load(dict.fromkeys(SECRETS, "x"))["services"]],
        "variables": [*compose.variables_of(text)],
        "secrets": SECRETS,
    }[what]
    assert [name for name in names if not re.search(rf"\b{name}\b", DOC, re.IGNORECASE)] == []


def test_links_resolve() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", DOC)
    assert len(targets) > 3
    for target in targets:
        assert (compose.ROOT / "docs" / target).exists(), target
    headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)", DOC, re.M)}
    assert {*re.findall(r"\]\(#([^)]+)\)", DOC)} <= headings
