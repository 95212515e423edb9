"""What a connection needs of its transport."""

from collections.abc import Callable, Sequence
from typing import Protocol

Frame = bytes | str | None
"""A binary message, a text, or (None) the end."""


class Socket(Protocol):
    """One WebSocket after its handshake. Nothing here waits."""

    @property
    def closed(self) -> bool:
        """Whether nothing more can reach the peer: the socket is closed or closing."""
        ...

    @property
    def close_code(self) -> int:
        """The code that it ended with (RFC 6455, section 7.4); 1006 where there was none."""
        ...

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        """From now on every message goes to ``callback`` as it comes, and then the end, whoever has ended it."""
        ...

    def pause_reading(self) -> None:
        """Hand over nothing more until `resume_reading`, but for the end."""
        ...

    def resume_reading(self) -> None: ...

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        """If no message has come, call back: not before all is looked at that was read, for a message that waits in
        a queue of this side's is not late."""
        ...

    def write(self, frames: Sequence[bytes]) -> bool:
        """Send frames as one write. False: the peer reads slowly; hand over no more until `on_writable` is called.

        After the end of the socket frames are passed over.
        """
        ...

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Where it is told that the peer has caught up."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame after what was written, and end; a peer that does not answer is cut off."""
        ...

    def abort(self) -> None:
        """End at once, whatever still waits to be sent."""
        ...
