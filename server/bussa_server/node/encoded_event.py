"""An event for many devices: encoded once per codec, when the first device of that codec needs it."""

from bussa_protocol import codec
from bussa_protocol.frames import events


class EncodedEvent:
    """Encodes lazily and keeps the bytes of each codec."""

    __slots__ = ("_event", "_json", "_msgpack")

    def __init__(self, event: events.Event | None, json: bytes | None = None, msgpack: bytes | None = None) -> None:
        self._event = event
        self._json = json
        self._msgpack = msgpack

    @classmethod
    def from_encoded(cls, json: bytes, msgpack: bytes) -> "EncodedEvent":
        """An event encoded by another node."""
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
        # Hot path, once per event and device: the check for cached bytes is inlined, to save a property call.
        if chosen.binary:
            return self.msgpack if self._msgpack is None else self._msgpack
        return self.json if self._json is None else self._json
