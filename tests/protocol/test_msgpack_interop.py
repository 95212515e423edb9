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
from tests.protocol.strategies import EVENTS, JSON_VALUES, REPLIES, REQUESTS


@given(request_=REQUESTS, reply=REPLIES, event=EVENTS)
def test_frame_packed_by_one_library_is_read_by_the_other(request_: Request, reply: Reply, event: Event) -> None:
    for frame, kind in ((request_, Request), (reply, Reply), (event, Event)):
        plain = msgspec.to_builtins(frame)
        assert msgpack.unpackb(MSGPACK.encode(frame)) == plain
        assert msgspec.msgpack.decode(msgpack.packb(plain), type=kind) == frame


@given(request_=REQUESTS, reply=REPLIES, event=EVENTS)
def test_frame_is_the_same_map_in_both_codecs(request_: Request, reply: Reply, event: Event) -> None:
    for frame in (request_, reply, event):
        assert json.loads(JSON.encode(frame)) == msgpack.unpackb(MSGPACK.encode(frame))


@given(value=JSON_VALUES)
def test_value_is_the_same_in_both_libraries(value: Any) -> None:
    assert msgspec.msgpack.decode(msgpack.packb(value)) == value
    assert msgpack.unpackb(msgspec.msgpack.encode(value)) == value
