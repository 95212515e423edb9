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
def test_what_one_packs_the_other_reads(request_: Request, reply: Reply, event: Event) -> None:
    for frame, kind in ((request_, Request), (reply, Reply), (event, Event)):
        plain = msgspec.to_builtins(frame)
        assert msgpack.unpackb(MSGPACK.encode(frame)) == plain
        assert msgspec.msgpack.decode(msgpack.packb(plain), type=kind) == frame


@given(request_=REQUESTS, reply=REPLIES, event=EVENTS)
def test_both_codecs_carry_the_same_map(request_: Request, reply: Reply, event: Event) -> None:
    for frame in (request_, reply, event):
        assert json.loads(JSON.encode(frame)) == msgpack.unpackb(MSGPACK.encode(frame))


@given(value=JSON_VALUES)
def test_any_value_is_the_same_to_both(value: Any) -> None:
    assert msgspec.msgpack.decode(msgpack.packb(value)) == value
    assert msgpack.unpackb(msgspec.msgpack.encode(value)) == value
