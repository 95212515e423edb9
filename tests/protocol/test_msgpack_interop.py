"""Two implementations of MessagePack, ``msgspec`` and ``msgpack``, agree on every frame, and both with JSON."""

import json
from typing import Any

import msgpack
import msgspec
from hypothesis import given

from bussa_protocol.codec import JSON, MSGPACK
from bussa_protocol.frames import Request
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from tests.protocol.strategies import EVENTS, REPLIES, REQUESTS


def typed(value: Any) -> str:
    """A value in a form that tells ``1`` from ``1.0`` and from ``true``; ``==`` does not."""
    return json.dumps(value, sort_keys=True)


@given(request_=REQUESTS, reply=REPLIES, event=EVENTS)
def test_frame_packed_by_one_library_is_read_by_the_other(request_: Request, reply: Reply, event: Event) -> None:
    for frame, kind in ((request_, Request), (reply, Reply), (event, Event)):
        plain = msgspec.to_builtins(frame)
        assert typed(msgpack.unpackb(MSGPACK.encode(frame))) == typed(plain)
        assert msgspec.msgpack.decode(msgpack.packb(plain), type=kind) == frame


@given(request_=REQUESTS, reply=REPLIES, event=EVENTS)
def test_frame_is_the_same_map_in_both_codecs(request_: Request, reply: Reply, event: Event) -> None:
    for frame in (request_, reply, event):
        assert typed(json.loads(JSON.encode(frame))) == typed(msgpack.unpackb(MSGPACK.encode(frame)))
