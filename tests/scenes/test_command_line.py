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

from tests.scenes.device import connect
from tests.scenes.serving import ADMIN_KEY, BUSSA, SECONDS, Server, bussa, environment, sign

SECRET_KEY = "k" * 40


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Status 2 and one sentence, which has all of ``words``."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("bussa: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_what_is_in_use_is_not_used_twice(standing: Server, tmp_path: Path):
    refused(bussa("serve", "--port", str(standing.port), "--data", str(tmp_path / "d")), str(standing.port), "--port")
    refused(bussa("serve", "--port", "0", "--data", str(standing.folder)), str(standing.folder), "another")
    assert httpx.get(f"{standing.url}/readyz").status_code == 200


def test_a_folder_that_can_not_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        refused(bussa("serve", "--port", "0", "--data", str(folder)), str(folder), "can't be written")


def test_a_file_that_is_not_ours(tmp_path: Path):
    garbage, foreign = tmp_path / "garbage", tmp_path / "foreign"
    for folder in (garbage, foreign):
        folder.mkdir()
    (garbage / "bussa.sqlite3").write_bytes(b"garbage " * 1000)
    other = sqlite3.connect(foreign / "bussa.sqlite3")
    other.execute("CREATE TABLE cakes (name TEXT)")
    other.close()
    for folder in (garbage, foreign):
        before = (folder / "bussa.sqlite3").read_bytes()
        refused(bussa("serve", "--port", "0", "--data", str(folder)), "bussa.sqlite3")
        refused(bussa("check", "--data", str(folder)), "bussa.sqlite3")
        refused(bussa("token", "alice", "--data", str(folder)), "bussa.sqlite3")
        assert (folder / "bussa.sqlite3").read_bytes() == before


def test_there_is_nothing_in_an_empty_folder(tmp_path: Path):
    refused(bussa("check", "--data", str(tmp_path)), "no database")
    refused(bussa("token", "alice", "--data", str(tmp_path)), "no database")
    refused(bussa("backup", str(tmp_path / "copy"), "--data", str(tmp_path)), "no database")


WRONG = {
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
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each of them is answered, asked beside each other: most of it is waiting for Python to start."""
    data = str(tmp_path_factory.mktemp("wrong") / "data")

    def ask(name: str) -> subprocess.CompletedProcess[str]:
        return bussa("serve", **{"BUSSA_PORT": "0", "BUSSA_DATA": data, f"BUSSA_{name}": WRONG[name]})

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(WRONG, pool.map(ask, WRONG), strict=True))


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_setting_is_named(answers: dict[str, subprocess.CompletedProcess[str]], name: str):
    """From the environment, which shows that it is read; what checks it is the same for an option."""
    refused(answers[name], f"--{name.lower().replace('_', '-')}")


def test_bad_numbers(tmp_path: Path):
    for arguments in (
        ["serve", "--port", "many"],
        ["serve", "--token-seconds", "99999999999999"],
        ["dance"],
        ["serve", "--dance"],
    ):
        done = bussa(*arguments, BUSSA_DATA=str(tmp_path))
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert bussa("token", "alice", "--ttl", "0", "--data", str(tmp_path)).returncode == 2


def test_every_option_has_its_variable():
    shown = subprocess.run(
        [BUSSA, "serve", "--help"],
        env=environment(COLUMNS="300", TERM="dumb"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
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
def by_itself(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
        [BUSSA, "serve"], env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = re.fullmatch(r"Bussa listens on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert said
        yield said[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        assert process.stdout.read() == "", "one line and no more"


def test_admin_key_and_secret_from_the_environment(by_itself: str):
    admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
    assert httpx.put(f"{by_itself}/v1/users/alice", headers=admin, json={}).status_code == 201
    own = {"Authorization": f"Bearer {sign('alice', secret=SECRET_KEY)}"}
    assert httpx.get(f"{by_itself}/v1/following", headers=own).status_code == 200


def test_accounts_switched_off_from_the_environment(by_itself: str):
    answer = httpx.post(f"{by_itself}/v1/accounts", json={"user": "bob", "password": "open sesame"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_allowed_origins_from_the_environment(by_itself: str):
    url = f"{by_itself.replace('http', 'ws')}/v1/socket"
    async with open_socket(url, origin=Origin("https://other.example")):
        pass
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(url, origin=Origin("https://third.example"))
    assert refusal.value.response.status_code == 403


def test_without_an_admin_key_there_are_no_admin_calls(tmp_path: Path):
    """And without a secret one is made, for the server's eyes only."""
    folder = tmp_path / "data"
    with subprocess.Popen(
        [BUSSA, "serve", "--port", "0", "--data", folder],
        env=environment(),
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
        by_hand = bussa("token", "alice", "--data", str(folder))
        assert by_hand.returncode == 0, by_hand.stderr
        for token in (account.json()["token"], by_hand.stdout.strip()):
            headers = {"Authorization": f"Bearer {token}"}
            assert httpx.get(f"{url}/v1/following", headers=headers).status_code == 200
        process.terminate()
        assert process.wait(SECONDS) == 0
    refused(bussa("token", "nobody", "--data", str(folder)), "nobody")
    for path in (folder / "secret", folder / "bussa.sqlite3"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "secret").read_bytes().strip()


async def test_check_tells_good_from_damaged(fresh: Server, tmp_path: Path):
    await asyncio.to_thread(fresh.start)
    async with httpx.AsyncClient(base_url=fresh.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}) as http:
        for user in ("alice", "bob"):
            await http.put(f"/v1/users/{user}", json={"dm_policy": "anyone"})
    device = await connect(fresh, sign("alice"))
    for number in range(5):
        await device.send("bob", f"{number}")
    while_served = await asyncio.to_thread(bussa, "check", "--data", str(fresh.folder))
    assert (while_served.returncode, while_served.stderr) == (0, "")
    assert while_served.stdout == "2 people, 1 conversations, 5 messages, 10 events: all agree\n"
    await device.leave()
    await asyncio.to_thread(fresh.stop)

    copy = tmp_path / "copy"
    for damage in (
        "DELETE FROM log WHERE seq = 3",
        "DELETE FROM messages WHERE n = 2",
        "UPDATE messages SET k = 9 WHERE n = 5",
        "UPDATE sides SET read = 99",
    ):
        copy.mkdir()
        shutil.copy(fresh.folder / "bussa.sqlite3", copy)
        database = sqlite3.connect(copy / "bussa.sqlite3")
        database.execute(damage)
        database.commit()
        database.close()
        found = await asyncio.to_thread(bussa, "check", "--data", str(copy))
        assert found.returncode == 1, (damage, found)
        assert found.stdout.endswith("SOMETHING IS WRONG\n")
        assert found.stdout.count("\n") > 1
        shutil.rmtree(copy)
