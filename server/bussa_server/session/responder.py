"""Replies of one connection: encoded, and put into the send queue in order."""

from bussa_protocol.codec import Codec
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies
from bussa_server import telemetry
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.session.send_queue import SendQueue
from bussa_server.session.stream import Stream

RETRY_SECONDS = 1.0
"""``retry_after`` of an `unavailable` error."""


class Responder:
    __slots__ = ("_codec", "_send_queue", "stream")

    def __init__(self, codec: Codec, send_queue: SendQueue) -> None:
        self._codec = codec
        self._send_queue = send_queue
        self.stream: Stream | None = None
        """Set after the handshake."""

    def send(self, reply: replies.Reply) -> None:
        """Send a reply now."""
        self._send_queue.put(self._codec.encode(reply))

    def reply(self, reply: replies.Reply) -> None:
        """Send the reply to a write. A reply with a seq is sent in its place in the stream."""
        seq: int | None = getattr(reply, "seq", None)
        if seq is None or self.stream is None:
            self.send(reply)
        else:
            self.stream.reply(seq, self._codec.encode(reply))

    def refuse(self, id: int | None, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        """Answer one request with an error."""
        telemetry.frame_refused(code)
        self.send(replies.ErrorReply(id=id, code=code, message=message, retry_after=retry_after))

    def unavailable(self, id: int) -> None:
        """Answer `unavailable`: nothing was committed, or the nonce makes it safe to try again."""
        self.refuse(id, ErrorCode.UNAVAILABLE, "temporarily unavailable; try again", RETRY_SECONDS)

    def send_ephemeral(self, encoded: EncodedEvent) -> None:
        """Send an event that is not logged; dropped while the stream catches up."""
        if self.stream is not None and self.stream.live:
            self._send_queue.put(encoded.bytes_for(self._codec))
