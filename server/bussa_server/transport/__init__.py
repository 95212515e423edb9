"""uvicorn's protocols, bounded: what ASGI leaves to the server, and what a hostile peer would use.

    silent       a connection before its first byte
    tarpit       whose new connections wait
    http         a deadline for a request, a bound for its headers
    websocket    floods of control frames and fragments counted, nobody waited for without an end
    direct       many frames in one write, each message by a call
    cutting      where a frame ends
    turns        whose work may wait for everybody else's
    rounds       pings, one timer for all
    stand_ins    what such a socket has in the place of uvicorn's objects
    slotted      uvicorn's own attributes, in slots
    asgi         the same socket over plain ASGI, for any other server

An application finds the direct socket in the scope's extensions under ``EXTENSION``.
"""

EXTENSION = "bussa.socket"
