"""The command line, as an operator meets it: what can't be is said in one sentence, and what is said holds."""

import asyncio
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.e2e.device import connect
from tests.e2e.server_process import ADMIN_KEY, CLI, TIMEOUT, Server, clean_environment, run_cli, sign_token

SECRET_KEY = "k" * 40


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Status 2 and one sentence, which has all of ``words``."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("bussa: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_port_or_folder_in_use_is_refused(server: Server, tmp_path: Path):
    assert_refused(
        run_cli("serve", "--port", str(server.port), "--data", str(tmp_path / "d")), str(server.port), "--port"
    )
    assert_refused(run_cli("serve", "--port", "0", "--data", str(server.folder)), str(server.folder), "another")
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_unwritable_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert_refused(run_cli("serve", "--port", "0", "--data", str(folder)), str(folder), "can't be written")


def test_foreign_database_file_is_refused_and_untouched(tmp_path: Path):
    garbage, foreign = tmp_path / "garbage", tmp_path / "foreign"
    for folder in (garbage, foreign):
        folder.mkdir()
    (garbage / "bussa.sqlite3").write_bytes(b"garbage " * 1000)
    other = sqlite3.connect(foreign / "bussa.sqlite3")
    other.execute("CREATE TABLE cakes (name TEXT)")
    other.close()
    for folder in (garbage, foreign):
        before = (folder / "bussa.sqlite3").read_bytes()
        assert_refused(run_cli("serve", "--port", "0", "--data", str(folder)), "bussa.sqlite3")
        assert_refused(run_cli("check", "--data", str(folder)), "bussa.sqlite3")
        assert_refused(run_cli("token", "alice", "--data", str(folder)), "bussa.sqlite3")
        assert (folder / "bussa.sqlite3").read_bytes() == before


def test_empty_folder_has_no_database(tmp_path: Path):
    assert_refused(run_cli("check", "--data", str(tmp_path)), "no database")
    assert_refused(run_cli("token", "alice", "--data", str(tmp_path)), "no database")
    assert_refused(run_cli("backup", str(tmp_path / "copy"), "--data", str(tmp_path)), "no database")


INVALID_SETTINGS = {
    "HOST": "no such host",
    "PORT": "70000",
    "WORKERS": "0",
    "DATABASE_URL": "mysql://elsewhere",
    "REDIS_URL": "memcached://elsewhere",
    "JWKS_URL": "not a url",
    "TOKEN_SECONDS": "0",
    "PASSWORD_LENGTH": "0",
    "SEND_RATE": "-1",
    "FRAME_RATE": "nan",
    "CONNECTIONS_PER_USER": "0",
    "CONNECTIONS_PER_ADDRESS": "0",
    "LOGIN_RATE": "-1",
    "DRAIN_SECONDS": "-1",
    "LOG_FORMAT": "xml",
    "LOG_LEVEL": "loud",
}


@pytest.fixture(scope="module")
def cli_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each of them is answered, asked beside each other: most of it is waiting for Python to start."""
    data = str(tmp_path_factory.mktemp("wrong") / "data")

    def ask(name: str) -> subprocess.CompletedProcess[str]:
        return run_cli("serve", **{"BUSSA_PORT": "0", "BUSSA_DATA": data, f"BUSSA_{name}": INVALID_SETTINGS[name]})

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(INVALID_SETTINGS, pool.map(ask, INVALID_SETTINGS), strict=True))


@pytest.mark.parametrize("name", INVALID_SETTINGS)
def test_invalid_setting_is_named(cli_results: dict[str, subprocess.CompletedProcess[str]], name: str):
    """From the environment, which shows that it is read; what checks it is the same for an option."""
    assert_refused(cli_results[name], f"--{name.lower().replace('_', '-')}")


def test_invalid_arguments_exit_with_2(tmp_path: Path):
    for arguments in (
        ["serve", "--port", "many"],
        ["serve", "--token-seconds", "99999999999999"],
        ["dance"],
        ["serve", "--dance"],
    ):
        done = run_cli(*arguments, BUSSA_DATA=str(tmp_path))
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert run_cli("token", "alice", "--ttl", "0", "--data", str(tmp_path)).returncode == 2


def test_options_all_have_an_environment_variable():
    shown = subprocess.run(
        [CLI, "serve", "--help"],
        env=clean_environment(COLUMNS="300", TERM="dumb"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    ).stdout
    options = {option for option in re.findall(r"--([a-z][a-z-]+)", shown) if not option.startswith("no-")} - {"help"}
    assert {
        "host",
        "port",
        "data",
        "database-url",
        "redis-url",
        "admin-key",
        "secret",
        "send-rate",
        "workers",
    } <= options
    variables = set(re.findall(r"BUSSA_([A-Z_]+)", shown))
    assert variables == {option.upper().replace("-", "_") for option in options}


@pytest.fixture(scope="module")
def env_configured_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that was told everything by its environment."""
    variables = {
        "BUSSA_PORT": "0",
        "BUSSA_DATA": str(tmp_path_factory.mktemp("by-itself") / "deep" / "data"),
        "BUSSA_ADMIN_KEY": ADMIN_KEY,
        "BUSSA_SECRET": SECRET_KEY,
        "BUSSA_SIGN_UP": "false",
        "BUSSA_ALLOW_ORIGIN": "https://app.example, https://other.example",
    }
    with subprocess.Popen(
        [CLI, "serve"], env=clean_environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = re.fullmatch(r"Bussa listens on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert said
        yield said[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
        assert process.stdout.read() == "", "one line and no more"


def test_admin_key_and_secret_from_the_environment(env_configured_server: str):
    admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
    assert httpx.put(f"{env_configured_server}/v1/users/alice", headers=admin, json={}).status_code == 201
    own = {"Authorization": f"Bearer {sign_token('alice', secret=SECRET_KEY)}"}
    assert httpx.get(f"{env_configured_server}/v1/following", headers=own).status_code == 200


def test_accounts_switched_off_from_the_environment(env_configured_server: str):
    answer = httpx.post(f"{env_configured_server}/v1/accounts", json={"user": "bob", "password": "open sesame"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_allowed_origins_from_the_environment(env_configured_server: str):
    url = f"{env_configured_server.replace('http', 'ws')}/v1/socket"
    async with open_socket(url, origin=Origin("https://other.example")):
        pass
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(url, origin=Origin("https://third.example"))
    assert refusal.value.response.status_code == 403


def test_admin_calls_are_404_without_an_admin_key(tmp_path: Path):
    """And without a secret one is made, for the server's eyes only."""
    folder = tmp_path / "data"
    with subprocess.Popen(
        [CLI, "serve", "--port", "0", "--data", folder],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        admin = {"Authorization": "Bearer None"}
        for method, path in (("PUT", "alice"), ("POST", "alice/tokens"), ("PUT", "a/following/b")):
            assert httpx.request(method, f"{url}/v1/users/{path}", headers=admin, json={}).status_code == 404
        account = httpx.post(f"{url}/v1/accounts", json={"user": "alice", "password": "open sesame"})
        assert account.status_code == 201
        by_hand = run_cli("token", "alice", "--data", str(folder))
        assert by_hand.returncode == 0, by_hand.stderr
        for token in (account.json()["token"], by_hand.stdout.strip()):
            headers = {"Authorization": f"Bearer {token}"}
            assert httpx.get(f"{url}/v1/following", headers=headers).status_code == 200
        process.terminate()
        assert process.wait(TIMEOUT) == 0
    assert_refused(run_cli("token", "nobody", "--data", str(folder)), "nobody")
    for path in (folder / "secret", folder / "bussa.sqlite3"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "secret").read_bytes().strip()


async def test_check_detects_damage(restartable_server: Server, tmp_path: Path):
    await asyncio.to_thread(restartable_server.start)
    async with httpx.AsyncClient(
        base_url=restartable_server.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}
    ) as http:
        for user in ("alice", "bob"):
            await http.put(f"/v1/users/{user}", json={"dm_policy": "anyone"})
    device = await connect(restartable_server, sign_token("alice"))
    for number in range(5):
        await device.send("bob", f"{number}")
    while_served = await asyncio.to_thread(run_cli, "check", "--data", str(restartable_server.folder))
    assert (while_served.returncode, while_served.stderr) == (0, "")
    assert while_served.stdout == "2 users, 1 conversations, 5 messages, 10 events: OK\n"
    await device.close()
    await asyncio.to_thread(restartable_server.stop)

    copy = tmp_path / "copy"
    for damage in (
        "DELETE FROM log WHERE seq = 3",
        "DELETE FROM messages WHERE n = 2",
        "UPDATE messages SET k = 9 WHERE n = 5",
        "UPDATE sides SET read = 99",
    ):
        copy.mkdir()
        shutil.copy(restartable_server.folder / "bussa.sqlite3", copy)
        database = sqlite3.connect(copy / "bussa.sqlite3")
        database.execute(damage)
        database.commit()
        database.close()
        found = await asyncio.to_thread(run_cli, "check", "--data", str(copy))
        assert found.returncode == 1, (damage, found)
        assert found.stdout.endswith("PROBLEMS FOUND\n")
        assert found.stdout.count("\n") > 1
        shutil.rmtree(copy)
