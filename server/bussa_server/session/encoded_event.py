"""An event on its way to many devices: encoded once per codec, when the first device of that codec is met."""

from bussa_protocol import codec
from bussa_protocol.frames import events


class EncodedEvent:
    __slots__ = ("_event", "_json", "_msgpack")

    def __init__(self, event: events.Event | None, json: bytes | None = None, msgpack: bytes | None = None) -> None:
        self._event = event
        self._json = json
        self._msgpack = msgpack

    @classmethod
    def from_encoded(cls, json: bytes, msgpack: bytes) -> "EncodedEvent":
        """An event that another node has encoded."""
        return cls(None, json, msgpack)

    @property
    def json(self) -> bytes:
        if self._json is None:
            self._json = codec.JSON.encode(self._event)
        return self._json

    @property
    def msgpack(self) -> bytes:
        if self._msgpack is None:
            self._msgpack = codec.MSGPACK.encode(self._event)
        return self._msgpack

    def bytes_for(self, chosen: codec.Codec) -> bytes:
        # The look-up of what is there already is written out: it is on the way of every event to every device.
        if chosen.binary:
            return self.msgpack if self._msgpack is None else self._msgpack
        return self.json if self._json is None else self._json
