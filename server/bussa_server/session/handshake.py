"""``hello``: who is there, and from where in the log the device goes on."""

import time
from dataclasses import dataclass

from bussa_protocol import limits
from bussa_protocol.frames import parts, replies, requests
from bussa_server.ports.store import LogPage


@dataclass(frozen=True, slots=True)
class HandshakeResult:
    """Where a device's stream begins, and what it is told."""

    cursor: int
    welcome: replies.WelcomeReply


def resume_after(epoch: str, hello: requests.HelloRequest) -> int:
    """From where in the log it must be read to greet a device. ``epoch``: the store's."""
    # A client that names no epoch counts in this one.
    if hello.resume is None or hello.epoch not in (None, epoch):
        return limits.INT_MAX
    return hello.resume


def decide_resume(epoch: str, user: str, hello: requests.HelloRequest, page: LogPage) -> HandshakeResult:
    """Decide whether the device resumes (contract, *WebSocket*: all of the gap or none of it).

    ``page``: of the log, from `reads_after` on; read after the device has joined the hub, so that no event falls
    between the log and the live stream.
    """
    after = resume_after(epoch, hello)
    resumed = page.tail - 1 <= after <= page.head
    return HandshakeResult(
        after if resumed else page.head,
        replies.WelcomeReply(
            user=user,
            head=page.head,
            epoch=epoch,
            resumed=resumed,
            now=time.time_ns() // 1_000_000,
            limits=parts.Limits(frame=limits.FRAME, text=limits.TEXT),
        ),
    )
