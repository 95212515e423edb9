"""``hello``: who is there, and from where in the log the device goes on."""

import time
from dataclasses import dataclass

from protocol import limits
from protocol.frames import parts, replies, requests
from server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Start:
    """Where a device's stream begins, and what it is told."""

    cursor: int
    welcome: replies.Welcome


async def begin(store: Store, user: str, hello: requests.Hello) -> Start:
    """Decide whether the device resumes (contract, *WebSocket*: all of the gap or none of it).

    Call it after the device has joined the hub, so that no event falls between the log and the live stream.
    Raises Unavailable.
    """
    page = await store.log(user, hello.resume if hello.resume is not None else limits.INT_MAX, 1)
    resumed = (
        hello.resume is not None
        # A client that names no epoch counts in this one.
        and hello.epoch in (None, store.epoch)
        and page.tail - 1 <= hello.resume <= page.head
    )
    return Start(
        hello.resume if resumed and hello.resume is not None else page.head,
        replies.Welcome(
            user=user,
            head=page.head,
            epoch=store.epoch,
            resumed=resumed,
            now=time.time_ns() // 1_000_000,
            limits=parts.Limits(frame=limits.FRAME, text=limits.TEXT),
        ),
    )
