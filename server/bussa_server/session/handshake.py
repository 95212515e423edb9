"""``hello``: from which seq a device's stream resumes, and its ``welcome``."""

import time
from dataclasses import dataclass

from bussa_protocol import limits
from bussa_protocol.frames import parts, replies, requests
from bussa_server.ports.store import LogPage


@dataclass(frozen=True, slots=True)
class HandshakeResult:
    """The seq after which the stream starts, and the reply to ``hello``."""

    cursor: int
    welcome: replies.WelcomeReply


def resume_after(epoch: str, hello: requests.HelloRequest) -> int:
    """The seq after which the log must be read for this handshake. ``epoch``: the store's."""
    # A client that names no epoch is taken to mean the current one.
    if hello.resume is None or hello.epoch not in (None, epoch):
        return limits.INT_MAX
    return hello.resume


def decide_resume(epoch: str, user: str, hello: requests.HelloRequest, page: LogPage) -> HandshakeResult:
    """Decide whether the device resumes (contract, *WebSocket*: all of the gap or none of it).

    ``page``: the log after `resume_after`, read after the device joined the hub, so that no event is lost between the
    log and the live stream.
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
