"""Forwarded headers are trusted from the balancer only.

The tests observe the limit of failed log-ins, 20 at once per address: a client that can forge its address is never
limited.
"""

import itertools
import sys

import httpx
import pytest

from tests.deployment.session import client_from
from tests.deployment.topology import BALANCER_ADDRESS, Topology

MANY_ATTEMPTS = 100
"""More than twice what two servers allow an address at once."""
SOME_ATTEMPTS = 30
"""More than one server allows an address at once."""

_numbers = itertools.count(1)

needs_several_addresses = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux gives the loopback more than one address"
)


async def failed_log_in(http: httpx.AsyncClient, **headers: str) -> int:
    """A log-in of a new unknown user each time; returns the status."""
    body = {"user": f"unknown-{next(_numbers)}", "password": "open sesame"}
    answer = await http.post("/v1/tokens", json=body, headers=headers)
    assert answer.status_code in (401, 429), answer.text
    return answer.status_code


async def is_rate_limited(http: httpx.AsyncClient, times: int = MANY_ATTEMPTS) -> bool:
    """Whether a client that forges another address each time is limited."""
    for _ in range(times):
        number = next(_numbers)
        forged = f"10.9.{number // 250}.{number % 250}"
        if (
            await failed_log_in(http, **{"X-Forwarded-For": forged, "Forwarded": f"for={forged}", "X-Real-IP": forged})
            == 429
        ):
            return True
    return False


@needs_several_addresses
async def test_forged_forwarded_headers_are_ignored_through_the_balancer(
    topology: Topology,
) -> None:
    async with client_from("127.0.3.1", topology.url) as guesser, client_from("127.0.3.2", topology.url) as other:
        assert await is_rate_limited(guesser)
        assert {await failed_log_in(other) for _ in range(4)} == {401}


@needs_several_addresses
async def test_forwarded_headers_of_untrusted_peers_are_ignored(topology: Topology) -> None:
    for number, node in enumerate(topology.nodes.values()):
        async with client_from(f"127.0.4.{number + 1}", node.url) as guesser:
            assert await is_rate_limited(guesser)


async def test_forwarded_headers_of_the_balancer_are_used(topology: Topology) -> None:
    for node in topology.nodes.values():
        async with client_from(BALANCER_ADDRESS, node.url) as balancer:
            assert not await is_rate_limited(balancer, SOME_ATTEMPTS)
