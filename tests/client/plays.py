"""What the plays over a real socket share: a client that does not wait long."""

from typing import Any

from bussa import (
    Backoff,
    Bussa,
)
from tests.client.scripted_server import ScriptedServer

QUICK = Backoff(base=0.005, soon=0.005, cap=0.02)


def bussa(server: ScriptedServer, token: Any = "token", **more: Any) -> Bussa:
    return Bussa(server.url, token, backoff=QUICK, **more)


async def some(me: Bussa, count: int) -> list[Any]:
    """The next events."""
    stream = me.events()
    return [await anext(stream) for _ in range(count)]
