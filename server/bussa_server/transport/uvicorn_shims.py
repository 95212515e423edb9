"""What stands in the place of uvicorn's own objects in a socket that an application has taken over."""

from collections.abc import Callable
from typing import Any

ABNORMAL_CLOSURE = 1006
"""What a socket has ended with that was simply gone (RFC 6455, section 7.4.1)."""

Frame = bytes | str | None
"""A binary message, a text, or (None) the end."""


class EventShim:
    """Stands in the place of uvicorn's event, for which nobody waits any more."""

    __slots__ = ("_set",)

    def __init__(self, is_set: bool) -> None:
        self._set = is_set

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set


def _ignore(frame: Frame) -> None:
    """After the end."""


class QueueShim:
    """Stands in the place of uvicorn's queue of ASGI messages, and hands them on at once."""

    __slots__ = ("_ended", "callback", "code")

    def __init__(self, callback: Callable[[Frame], None]) -> None:
        self.callback = callback
        self.code = ABNORMAL_CLOSURE
        self._ended = False

    def put_nowait(self, message: Any) -> None:
        if message["type"] == "websocket.receive":
            data = message.get("bytes")
            self.callback(message["text"] if data is None else data)
        elif message["type"] == "websocket.disconnect":
            self.end(message["code"])

    def end(self, code: int) -> None:
        """Hand the end on, once: uvicorn tells it of the close frame and of the connection."""
        if not self._ended:
            self._ended = True
            self.code = code
            callback, self.callback = self.callback, _ignore
            callback(None)

    def empty(self) -> bool:
        return True
