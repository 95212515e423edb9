"""Negotiation of the subprotocol (RFC 6455, section 4.2.2; contract, *WebSocket*)."""

from collections.abc import Sequence

MSGPACK = "bussa.v1.msgpack"
JSON = "bussa.v1.json"
KNOWN = (MSGPACK, JSON)


class NoCommonSubprotocolError(ValueError):
    """The client offered only unknown subprotocols."""


def choose(offered: Sequence[str]) -> str | None:
    """The first known one of ``offered``; ``None`` (that is, JSON) if none was offered.

    Raises:
        NoCommonSubprotocolError: only unknown ones were offered; the handshake is refused with 400.
    """
    if not offered:
        return None
    for name in offered:
        if name in KNOWN:
            return name
    raise NoCommonSubprotocolError(f"no common subprotocol; supported: {', '.join(KNOWN)}")
