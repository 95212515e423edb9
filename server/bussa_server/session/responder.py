"""What a connection says: replies, encoded and put into the outbox in their order."""

from bussa_protocol.codec import Codec
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies
from bussa_server import telemetry
from bussa_server.session.encoded_event import EncodedEvent
from bussa_server.session.send_queue import SendQueue
from bussa_server.session.stream import Stream

RETRY_SECONDS = 1.0
"""What a client is advised to wait when the store is out of reach."""


class Responder:
    __slots__ = ("_codec", "_send_queue", "stream")

    def __init__(self, codec: Codec, send_queue: SendQueue) -> None:
        self._codec = codec
        self._send_queue = send_queue
        self.stream: Stream | None = None
        """Set once the connection is greeted."""

    def send(self, reply: replies.Reply) -> None:
        """Say it now."""
        self._send_queue.put(self._codec.encode(reply))

    def reply(self, reply: replies.Reply) -> None:
        """The reply to a write: where it carries a seq it takes its place in the stream."""
        seq: int | None = getattr(reply, "seq", None)
        if seq is None or self.stream is None:
            self.send(reply)
        else:
            self.stream.reply(seq, self._codec.encode(reply))

    def refuse(self, id: int | None, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        """Refuse one request."""
        telemetry.frame_refused(code)
        self.send(replies.ErrorReply(id=id, code=code, message=message, retry_after=retry_after))

    def unavailable(self, id: int) -> None:
        """The store is out of reach: nothing was committed, or the nonce makes it safe to ask again."""
        self.refuse(id, ErrorCode.UNAVAILABLE, "the server can't reach its store; try again", RETRY_SECONDS)

    def send_ephemeral(self, encoded: EncodedEvent) -> None:
        """A fleeting event."""
        if self.stream is not None and self.stream.live:
            self._send_queue.put(encoded.bytes_for(self._codec))
