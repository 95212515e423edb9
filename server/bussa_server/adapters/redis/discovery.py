"""The address of a Redis server: fixed, the master that Sentinels name, or a member of a cluster.

Addresses are URLs as redis-py reads them: ``redis://``, ``rediss://`` (TLS), with user, password and ``ssl_…``
parameters. ``redis+sentinel://host:port,host:port/NAME`` asks Sentinels for the master of that name;
``redis+cluster://host:port,host:port`` takes the first member that answers, because a cluster broadcasts classic
pub/sub to all its members.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

SENTINEL_TIMEOUT_SECONDS = 2.0
"""The timeout of a query to one Sentinel."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None


Resolver = Callable[[], Awaitable[Address]]
"""Returns the server's current address. Raises OSError if it can't be resolved."""


def resolver(url: str) -> tuple[str, Resolver]:
    """The name of a server for logs, without the password, and its resolver.

    Raises:
        ValueError: an invalid URL.
    """
    if url.startswith("redis+sentinel://"):
        return _sentinel(url)
    if url.startswith("redis+cluster://"):
        return _cluster(url)
    address = _parse_address(url)

    async def fixed() -> Address:
        return address

    return f"{address.host}:{address.port}", fixed


def _parse_address(url: str) -> Address:
    given = cast(dict[str, Any], parse_url(url))
    if "path" in given:
        raise ValueError("Unix sockets are not supported; use redis://host:port")
    return Address(
        given.get("host", "localhost"),
        given.get("port", 6379),
        given.get("username"),
        given.get("password"),
        _tls(given) if url.startswith("rediss://") else None,
    )


def _tls(given: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=given.get("ssl_ca_certs"))
    if given.get("ssl_certfile"):
        context.load_cert_chain(given["ssl_certfile"], given.get("ssl_keyfile"))
    if given.get("ssl_check_hostname") in (False, "false", "False", "0"):
        context.check_hostname = False
    if given.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _split_hosts(url: str) -> tuple[list[str], str]:
    """The hosts, each as a ``redis://`` URL with the shared credentials, and the path."""
    rest = url.split("://", 1)[1]
    credentials, at, rest = rest.rpartition("@")
    hosts, _, path = rest.partition("/")
    return [f"redis://{credentials}{at}{host}" for host in hosts.split(",") if host], path


def _sentinel(url: str) -> tuple[str, Resolver]:
    hosts, name = _split_hosts(url)
    if not hosts or not name:
        raise ValueError("hosts or master name missing: redis+sentinel://host:port,host:port/NAME")
    addresses = [_parse_address(host) for host in hosts]

    async def ask_sentinels() -> Address:
        first = addresses[0]
        sentinel: Any = Sentinel(
            [(address.host, address.port) for address in addresses],
            sentinel_kwargs={
                "socket_timeout": SENTINEL_TIMEOUT_SECONDS,
                "socket_connect_timeout": SENTINEL_TIMEOUT_SECONDS,
                # No retries: if one Sentinel is down, ask the next one at once.
                "retry": Retry(NoBackoff(), 0),
            },
        )
        try:
            host, port = await sentinel.discover_master(name)
        except RedisError as error:
            raise ConnectionError(f"no Sentinel knows the master {name!r}") from error
        finally:
            for client in sentinel.sentinels:
                await client.aclose()
        return Address(host, port, first.username, first.password, None)

    return f"{name} (Sentinel)", ask_sentinels


def _cluster(url: str) -> tuple[str, Resolver]:
    hosts, _ = _split_hosts(url)
    if not hosts:
        raise ValueError("hosts missing: redis+cluster://host:port,host:port")
    addresses = [_parse_address(host) for host in hosts]
    attempt = 0

    async def next_member() -> Address:
        # A reconnect tries the next member, because the last one may be down.
        nonlocal attempt
        attempt += 1
        return addresses[(attempt - 1) % len(addresses)]

    return f"{addresses[0].host}:{addresses[0].port} (cluster)", next_member
