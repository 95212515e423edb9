"""Which subprotocol a connection speaks (RFC 6455, section 4.2.2; contract, *WebSocket*)."""

from collections.abc import Sequence

MSGPACK = "bussa.v1.msgpack"
JSON = "bussa.v1.json"
KNOWN = (MSGPACK, JSON)


class NoCommonSubprotocolError(ValueError):
    """The client offered subprotocols, and none that this server knows."""


def choose(offered: Sequence[str]) -> str | None:
    """The first of ``offered`` that the server knows; ``None`` (which speaks JSON) if none was offered.

    Raises:
        NoCommonSubprotocolError: only unknown ones were offered; the handshake is refused with 400.
    """
    if not offered:
        return None
    for name in offered:
        if name in KNOWN:
            return name
    raise NoCommonSubprotocolError(f"none of the offered subprotocols is known; known are {', '.join(KNOWN)}")
