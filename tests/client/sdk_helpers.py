"""Helpers of the SDK tests over a real socket: a client with short backoff."""

from typing import Any

from bussa import (
    Backoff,
    Client,
)
from tests.client.scripted_server import ScriptedServer

QUICK = Backoff(base=0.005, restart_base=0.005, cap=0.02)


def connect_client(server: ScriptedServer, token: Any = "token", **more: Any) -> Client:
    return Client(server.url, token, backoff=QUICK, **more)


async def take_events(me: Client, count: int) -> list[Any]:
    """The next events."""
    stream = me.events()
    return [await anext(stream) for _ in range(count)]
