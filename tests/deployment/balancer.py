"""The load balancer: HAProxy with the configuration of the deployment.

Where HAProxy is not installed, `tests.deployment.fallback_balancer` replaces it. CI requires HAProxy
(`tests.missing_programs`).
"""

import contextlib
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from tests.deployment import compose
from tests.deployment.dns_server import DnsServer
from tests.e2e.server_process import TIMEOUT, free_port
from tests.missing_programs import HAPROXY

HAS_HAPROXY = HAPROXY is not None and sys.platform == "linux"
"""Only Linux has more than one loopback address, which servers on the same port need."""


class Haproxy:
    """HAProxy with ``haproxy.cfg``; only its addresses, the servers' port and the name server are replaced."""

    def __init__(self, folder: Path, addresses: Mapping[str, str], port: int) -> None:
        """``addresses``: by server name, and read at each DNS query. ``port``: that of all servers."""
        self.port = free_port()
        self.metrics_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._dns = DnsServer(addresses)
        self._file = folder / "haproxy.cfg"
        self._log = (folder / "haproxy.log").open("wb")
        self._file.write_text(self._render_config(port), encoding="utf-8")
        assert HAPROXY is not None
        self._process = subprocess.Popen(
            [HAPROXY, "-W", "-db", "-f", str(self._file)], stdout=self._log, stderr=self._log, start_new_session=True
        )

    def _render_config(self, port: int) -> str:
        text = (compose.DEPLOY / "haproxy/haproxy.cfg").read_text(encoding="utf-8")
        changes = [
            (r"bind :8080", f"bind 127.0.0.1:{self.port}", 1),
            (r"bind :8405", f"bind 127.0.0.1:{self.metrics_port}", 1),
            (r"parse-resolv-conf", f"nameserver docker 127.0.0.1:{self._dns.port}", 1),
            (r"(server \S+ \S+):8080", rf"\1:{port}", 2),
        ]
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if allowed < 210_000:  # two per connection; HAProxy refuses to start with fewer
            changes.append((r"maxconn 100000", f"maxconn {allowed // 2 - 100}", 1))
        for pattern, replacement, times in changes:
            text, count = re.subn(pattern, replacement, text)
            assert count == times, f"{pattern} matches {count} times in haproxy.cfg"
        return text

    def wait(self) -> None:
        """Wait until a server is reachable through it."""
        wait_until_ready(self.url, self._log_if_running)

    def _log_if_running(self) -> str:
        assert self._process.poll() is None, self.log
        return self.log

    def metric(self, name: str, **labels: str) -> float:
        """A metric of HAProxy's exporter, summed over the series with ``labels``."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in text.splitlines() if line.startswith(f"{name}{{") and all(w in line for w in wanted)]
        assert lines, f"HAProxy does not export {name}"
        return sum(float(line.split()[-1]) for line in lines)

    def has_active_servers(self, servers: int) -> bool:
        """Whether ``servers`` servers are active."""
        return self.metric("haproxy_backend_active_servers", proxy="bussa") == servers

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def reload(self) -> None:
        """Reload the configuration, as ``docker compose kill -s HUP balancer`` does."""
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(TIMEOUT)
        self._log.close()
        self._dns.close()


def wait_until_ready(url: str, diagnose: Callable[[], str]) -> None:
    """Wait until ``/readyz`` is 200. ``diagnose`` returns the text of the failure."""
    give_up = time.monotonic() + TIMEOUT
    while True:
        diagnosis = diagnose()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        assert time.monotonic() < give_up, diagnosis
        time.sleep(0.05)
