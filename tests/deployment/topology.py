"""The services of docker-compose.yml, as processes on the loopback.

Each runs with the command and environment of its service; only addresses are replaced. Servers run from the sources
that the Dockerfile copies. Each container has its own address in 127.0.0.0/8, and all have the same port.
"""

import itertools
import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx

from tests import postgres
from tests.deployment import compose
from tests.deployment.balancer import HAS_HAPROXY, Haproxy, wait_until_ready
from tests.deployment.fallback_balancer import FallbackBalancer
from tests.deployment.stores import COMPOSE_VARIABLES, RedisServer, create_database, database
from tests.e2e.server_process import TIMEOUT, Server, clean_environment, free_port

BALANCER_ADDRESS = "127.0.0.1"
"""The source address of the balancer, and of every client that does not choose one."""

_addresses = (f"127.0.1.{number}" for number in itertools.count(1))


def substitute(text: str, addresses: Mapping[str, str]) -> str:
    for name, address in addresses.items():
        text = text.replace(name, address)
    return text


class Node:
    """A server. It may have another address after each start, like a recreated container."""

    def __init__(
        self,
        name: str,
        folder: Path,
        image_folder: Path,
        port: int,
        service: compose.Service,
        addresses: Mapping[str, str],
    ) -> None:
        self.name = name
        self.port = port
        self.environment = {key: substitute(value, addresses) for key, value in service["environment"].items()}
        self._folder = image_folder
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://{self.address}:{self.port}/v1/socket"

    @property
    def container_environment(self) -> dict[str, str]:
        """The environment of the processes in its container."""
        return clean_environment(
            PYTHONPATH=compose.source_path(self._folder), BUSSA_PORT=str(self.port), **self.environment
        )

    def start(self) -> None:
        assert self._process is None
        if HAS_HAPROXY:
            self.address = next(_addresses)
        instructions = dict(compose.dockerfile())
        assert json.loads(instructions["ENTRYPOINT"]) == ["bussa"]
        arguments = [substitute(argument, {"0.0.0.0": self.address}) for argument in json.loads(instructions["CMD"])]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bussa", *arguments],
                cwd=self._folder,
                env=self.container_environment,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        line = self._process.stdout.readline().decode() if readable else "nothing"
        assert self.url in line, f"{self.name} printed {line!r}; its log:\n{self.log}"

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> None:
        """Stop, as ``docker stop`` does. With SIGTERM it must exit with status 0."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdout is not None
        process.send_signal(signum)
        status = process.wait(TIMEOUT)
        process.stdout.close()
        assert status == (0 if signum is signal.SIGTERM else -signum), (
            f"{self.name} exited with {status}; its log:\n{self.log}"
        )

    def healthcheck(self) -> int:
        """The exit status of the image's health check."""
        _, _, command = dict(compose.dockerfile())["HEALTHCHECK"].partition("CMD ")
        program, *arguments = json.loads(command)
        assert program == "python"
        arguments = [substitute(argument, {"127.0.0.1": self.address}) for argument in arguments]
        return subprocess.run(
            [sys.executable, *arguments], env=self.container_environment, capture_output=True
        ).returncode

    def metric(self, name: str) -> float:
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    @property
    def readiness(self) -> tuple[int, dict[str, Any]]:
        answer = httpx.get(f"{self.url}/readyz")
        return answer.status_code, answer.json()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        if self._process is not None:
            self.stop()
        errors = [line for line in self.log.splitlines() if json.loads(line)["level"] == "error"]
        assert errors == [], f"{self.name} logged errors"


class Topology:
    """All services. The methods block, except `start`."""

    redis: RedisServer
    database: postgres.Server
    balancer: Haproxy | FallbackBalancer

    def __init__(self, folder: Path) -> None:
        self.compose: dict[str, Any] = compose.load(COMPOSE_VARIABLES)
        self.nodes: dict[str, Node] = {}
        self._folder = folder

    async def start(self) -> None:
        """Start the services in the order of ``depends_on``."""
        services = self.compose["services"]
        self.redis = RedisServer(self._folder, services["redis"])
        self.database = database(services["postgres"])
        await create_database(self.database, services["postgres"])
        at = {
            "@redis:6379": f"@127.0.0.1:{self.redis.port}",
            "@postgres:5432": f"@127.0.0.1:{self.database.port}",
            services["balancer"]["networks"]["inside"]["ipv4_address"]: BALANCER_ADDRESS,
        }
        image = self._folder / "image"
        image.mkdir()
        compose.copy_image_sources(image)
        port = free_port()
        for name, service in compose.servers(self.compose).items():
            node = Node(name, self._folder, image, port if HAS_HAPROXY else free_port(), service, at)
            self.nodes[name] = node
            node.start()
        if HAS_HAPROXY:
            self.balancer = Haproxy(self._folder, _CurrentAddresses(self.nodes), port)
        else:
            self.balancer = FallbackBalancer({name: (node.address, node.port) for name, node in self.nodes.items()})
        self.balancer.wait()

    @property
    def as_server(self) -> Server:
        """The deployment as a `Server` of `tests.e2e`, which needs only its URLs."""
        return cast("Server", self)

    @property
    def url(self) -> str:
        return self.balancer.url

    @property
    def socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws')}/v1/socket"

    @property
    def readiness(self) -> tuple[int, dict[str, Any] | None]:
        """The status and body of ``/readyz``. The balancer's own error page has no JSON."""
        answer = httpx.get(f"{self.url}/readyz")
        has_json = answer.headers.get("content-type", "").startswith("application/")
        return answer.status_code, answer.json() if has_json else None

    def restart(self, name: str, signum: signal.Signals = signal.SIGTERM) -> None:
        """Restart a server at another address, as ``docker compose up -d --no-deps --wait`` does."""
        self.nodes[name].stop(signum)
        self.nodes[name].start()
        wait_until_ready(self.nodes[name].url, lambda: self.nodes[name].log)

    def close(self) -> None:
        self.balancer.close()
        for node in self.nodes.values():
            node.close()
        self.redis.close()
        self.database.remove()


class _CurrentAddresses(Mapping[str, str]):
    """The current address of each container, as in Docker's DNS."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes

    def __getitem__(self, name: str) -> str:
        return self._nodes[name].address

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)
