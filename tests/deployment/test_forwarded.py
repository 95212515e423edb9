"""Whose word counts about where a request comes from: the balancer's, and nobody else's.

Seen by the limit of failed log-ins, of which an address has 20 at once: whoever can name another address each time
is never limited.
"""

import itertools
import sys

import httpx
import pytest

from tests.deployment.playing import from_address
from tests.deployment.topology import BALANCER, Topology

MANY = 100
"""Twice what two servers let an address do at once, and more."""
ENOUGH = 30
"""More than one server lets an address do at once."""

_numbers = itertools.count(1)

several_addresses = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux gives the loopback more than one address"
)


async def guess(http: httpx.AsyncClient, **headers: str) -> int:
    """A wrong password of nobody, each time another one; the status."""
    body = {"user": f"nobody-{next(_numbers)}", "password": "open sesame"}
    answer = await http.post("/v1/tokens", json=body, headers=headers)
    assert answer.status_code in (401, 429), answer.text
    return answer.status_code


async def limited(http: httpx.AsyncClient, times: int = MANY) -> bool:
    """Whether somebody gets limited who claims to be somewhere else each time."""
    for _ in range(times):
        number = next(_numbers)
        claim = f"10.9.{number // 250}.{number % 250}"
        if await guess(http, **{"X-Forwarded-For": claim, "Forwarded": f"for={claim}", "X-Real-IP": claim}) == 429:
            return True
    return False


@several_addresses
async def test_through_the_balancer_an_address_is_limited_whatever_it_claims_and_others_are_not(
    topology: Topology,
) -> None:
    async with from_address("127.0.3.1", topology.url) as guesser, from_address("127.0.3.2", topology.url) as other:
        assert await limited(guesser)
        assert {await guess(other) for _ in range(4)} == {401}


@several_addresses
async def test_beside_the_balancer_nobody_is_believed(topology: Topology) -> None:
    for number, node in enumerate(topology.nodes.values()):
        async with from_address(f"127.0.4.{number + 1}", node.url) as guesser:
            assert await limited(guesser)


async def test_the_balancers_word_counts(topology: Topology) -> None:
    for node in topology.nodes.values():
        async with from_address(BALANCER, node.url) as balancer:
            assert not await limited(balancer, ENOUGH)
