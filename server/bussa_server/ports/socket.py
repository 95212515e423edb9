"""The socket of a connection: what a transport implements."""

from collections.abc import Callable, Sequence
from typing import Protocol

Frame = bytes | str | None
"""A binary message, a text message, or None: the end of the connection."""


class Socket(Protocol):
    """One WebSocket after its opening handshake. No method waits."""

    @property
    def closed(self) -> bool:
        """Whether the socket is closed or closing: nothing more can reach the peer."""
        ...

    @property
    def close_code(self) -> int:
        """The close code (RFC 6455, section 7.4); 1006 if there was no close frame."""
        ...

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        """Pass every message to ``callback``, and finally None, whichever side ended the connection."""
        ...

    def pause_reading(self) -> None:
        """Pass no more messages until `resume_reading`. The end is passed all the same."""
        ...

    def resume_reading(self) -> None: ...

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        """Call back if no message has arrived, but only after all bytes read so far are parsed: a ``hello`` that waits
        in a queue of ours is not late."""
        ...

    def write(self, frames: Sequence[bytes]) -> bool:
        """Send frames as one write. False: the write buffer is full; write no more until the `on_writable` callback.

        After the end of the socket, frames are dropped.
        """
        ...

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Set the callback for a write buffer that has drained."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame after what was written. A peer that does not answer it is disconnected."""
        ...

    def abort(self) -> None:
        """Disconnect at once; unsent bytes are dropped."""
        ...
