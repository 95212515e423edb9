"""What a connection says: replies, encoded and put into the outbox in their order."""

from bussa_protocol.codec import Codec
from bussa_protocol.codes import Code
from bussa_protocol.frames import replies
from bussa_server import telemetry
from bussa_server.session.outbox import Outbox
from bussa_server.session.stream import Stream
from bussa_server.session.wire import Wire

RETRY_SECONDS = 1.0
"""What a client is advised to wait when the store is out of reach."""


class Voice:
    __slots__ = ("_codec", "_outbox", "stream")

    def __init__(self, codec: Codec, outbox: Outbox) -> None:
        self._codec = codec
        self._outbox = outbox
        self.stream: Stream | None = None
        """Set once the connection is greeted."""

    def say(self, reply: replies.Reply) -> None:
        """Say it now."""
        self._outbox.put(self._codec.encode(reply))

    def reply(self, reply: replies.Reply) -> None:
        """The reply to a write: where it carries a seq it takes its place in the stream."""
        seq: int | None = getattr(reply, "seq", None)
        if seq is None or self.stream is None:
            self.say(reply)
        else:
            self.stream.reply(seq, self._codec.encode(reply))

    def refuse(self, id: int | None, code: Code, message: str, retry_after: float | None = None) -> None:
        """Refuse one request."""
        telemetry.frame_refused(code)
        self.say(replies.Error(id=id, code=code, message=message, retry_after=retry_after))

    def unavailable(self, id: int) -> None:
        """The store is out of reach: nothing was committed, or the nonce makes it safe to ask again."""
        self.refuse(id, Code.UNAVAILABLE, "the server can't reach its store; try again", RETRY_SECONDS)

    def hint(self, wire: Wire) -> None:
        """A fleeting event."""
        if self.stream is not None and self.stream.live:
            self._outbox.put(wire.bytes_for(self._codec))
