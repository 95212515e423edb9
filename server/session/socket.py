"""What a connection needs of its transport."""

from collections.abc import Callable, Sequence
from typing import Protocol


class Socket(Protocol):
    """One WebSocket after its handshake. Nothing here waits."""

    @property
    def gone(self) -> bool:
        """Whether nothing more can reach the peer: the socket is closed or closing."""
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
