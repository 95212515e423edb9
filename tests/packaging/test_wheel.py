"""The wheel in clean environments, beside packages that have the names of its source folders."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.server_process import TIMEOUT, free_port
from tests.packaging.environments import ROOT, Environment, clean_environment, run, wheel

THEIRS = ("server", "client", "protocol", "load", "web")

EXAMPLES = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/sdk.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdk(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """``pip install bussa`` beside packages of the owner."""
    environment = Environment(tmp_path_factory.mktemp("sdk") / "venv")
    for name in THEIRS:
        environment.own_package(name)
    needed = environment.install(built)
    assert {"websockets", "msgpack", "msgspec", "httpx"} <= needed
    assert len(needed) <= 10, f"too many dependencies of the SDK: {sorted(needed)}"
    return environment


@pytest.fixture(scope="module")
def url(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of ``bussa serve`` in an environment with ``bussa[server]``."""
    environment = Environment(tmp_path_factory.mktemp("server") / "venv")
    environment.own_package("server")
    environment.install(built, "server")
    port = free_port()
    process = subprocess.Popen(
        [
            environment.bussa,
            "serve",
            "--port",
            str(port),
            "--data",
            tmp_path_factory.mktemp("data"),
            "--admin-key",
            "k",
        ],
        cwd="/",
        env=clean_environment(),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert f"127.0.0.1:{port}" in process.stdout.readline().decode()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(TIMEOUT) == 0
        process.stdout.close()


def test_packages_of_the_owner_stay_importable(sdk: Environment) -> None:
    owners = run(sdk.python, "-c", f"import bussa, {', '.join(THEIRS)}; print(server.OWNER, client.OWNER, web.OWNER)")
    assert owners.split("\n")[0] == "not Bussa not Bussa not Bussa"


def test_wheel_installs_nothing_outside_of_its_own_names(built: Path) -> None:
    names = run(
        "python3", "-c", f"import zipfile; print(*zipfile.ZipFile({str(built)!r}).namelist(), sep=chr(10))"
    ).split()
    assert {name.partition("/")[0] for name in names} == {
        "bussa", "bussa_protocol", "bussa_server", "bussa_load", "bussa-0.1.0.dist-info"
    }  # fmt: skip


def test_first_example_of_the_sdk_runs(sdk: Environment, url: str) -> None:
    code = EXAMPLES[0].replace("http://127.0.0.1:8080", url)
    assert run(sdk.python, "-c", code) == "message 1, in bob's inbox\n"


def test_installed_server_has_its_page_and_documents(url: str) -> None:
    page = httpx.get(url)
    assert page.status_code == 200
    for path in re.findall(r'(?:src|href)="(/web/[^"]+)"', page.text):
        assert httpx.get(f"{url}{path}").status_code == 200, path
    assert httpx.get(f"{url}/v1/openapi.json").json()["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("command", "extra"), [("serve", "server"), ("backup", "server"), ("chat", "chat"), ("load", "load")]
)
def test_missing_command_says_which_extra_brings_it(sdk: Environment, command: str, extra: str) -> None:
    done = subprocess.run([sdk.bussa, command], cwd="/", env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"bussa: {command} is not installed; it comes with: pip install 'bussa[{extra}]'\n"


def test_bare_command_tells_its_version_and_what_there_is(sdk: Environment) -> None:
    assert run(sdk.bussa, "--version") == "bussa 0.1.0\n"
    output = run(sdk.bussa, "--help")
    for part in ("bussa[server]", "serve, token", "bussa[chat]", "bussa[load]"):
        assert part in output
    done = subprocess.run([sdk.bussa, "dance"], cwd="/", env=clean_environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "bussa: no command 'dance'; see bussa --help\n")


@pytest.mark.parametrize(("extra", "others"), [("chat", ("serve", "load")), ("load", ("serve", "chat"))])
def test_each_extra_brings_its_command_and_no_other(
    built: Path, tmp_path: Path, extra: str, others: tuple[str, ...]
) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install(built, extra)
    assert "Usage: bussa" in run(environment.bussa, extra, "--help", COLUMNS="100")
    output = run(environment.bussa, "--help", COLUMNS="100")
    for other in others:
        assert re.search(rf"\b{other}\b.*not installed", output)


def test_load_runs_against_an_installed_server(built: Path, tmp_path: Path, url: str) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install(built, "load")
    output = run(
        environment.bussa, "load", "pairs", "--url", url, "--admin-key", "k", "--connections", "4", "--seconds", "0.5"
    )
    assert "delivered" in output
