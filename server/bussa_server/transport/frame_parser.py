"""Frames that are not a whole message or a ping: fragments, close frames, and whatever violates the protocol.

Decided by websockets' `ServerProtocol`, through its public interface only.
"""

import logging
from typing import NamedTuple

from websockets.frames import CloseCode, Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from bussa_server.transport.frames import CLOSE, OPCODE

QUIET = logging.getLogger("bussa.transport.websockets")
"""Logger for websockets' objects. Any peer can provoke what they log; telemetry counts it instead."""
QUIET.setLevel(logging.CRITICAL)


class Parsed(NamedTuple):
    frame: Frame | None
    """A fragment or a close frame. None: the bytes violate the protocol, and no more of them may be parsed."""
    reply: bytes
    """The close frame that answers it; empty after a fragment."""


class FrameParser:
    """One connection's parser. Made for the first such frame, so an idle connection has none."""

    __slots__ = ("_max_size", "_protocol")

    def __init__(self, max_size: int) -> None:
        """``max_size``: bytes of a message, in one frame or in all its fragments."""
        self._max_size = max_size
        self._protocol = self._new()

    def parse(self, data: bytes) -> Parsed:
        """Parse one complete frame, or the beginning of one that is refused whatever follows.

        websockets takes a close frame between the fragments of a message for an error. Control frames may come there
        (RFC 6455, section 5.4), so each close frame gets a new parser, which knows of no fragments.
        """
        if data[0] & OPCODE == CLOSE & OPCODE:
            self.release()
            self._protocol = self._new()
        self._protocol.receive_data(data)
        reply = b"".join(self._protocol.data_to_send())
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                return Parsed(event, reply)
        if self._protocol.state is State.OPEN:  # it would wait for the rest of what is refused here
            self._protocol.fail(CloseCode.PROTOCOL_ERROR)
            reply = b"".join(self._protocol.data_to_send())
        return Parsed(None, reply)

    def release(self) -> None:
        release_parser(self._protocol)

    def _new(self) -> ServerProtocol:
        return ServerProtocol(state=State.OPEN, max_size=self._max_size, logger=QUIET)


def close_code(frame: bytes) -> int:
    """Code of a serialized close frame of a server; 1005 if it has none (RFC 6455, section 7.1.5)."""
    return int.from_bytes(frame[2:4], "big") or 1005


def release_parser(protocol: ServerProtocol) -> None:
    """Break the cycles of ``protocol``, its parser (a generator) and the error that it has raised.

    Otherwise they live until the next full garbage collection, which stalls the event loop. The object is unusable
    afterwards.
    """
    error: BaseException | None = protocol.handshake_exc
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
    vars(protocol).clear()
