"""HTTP/1.1 and WebSocket on asyncio, with a bound and a deadline for everything that a peer can use.

    idle_connection      a TCP connection before its first byte
    http                 uvicorn's HTTP protocol with deadlines and a limit for headers
    websocket_handshake  the opening handshake, as ASGI
    websocket_protocol   a WebSocket from then on: the session's `Socket`
    frames               frames without a parser
    frame_parser         the others, by websockets' sans-IO protocol
    ping_timer_wheel     one timer for the pings of all connections
    fair_queue           one slice of deferred work per turn of the loop
    tarpit               slow admission of addresses that violate the protocol again and again

The application finds the WebSocket in the scope's extensions under ``EXTENSION``.
"""

EXTENSION = "bussa.socket"
