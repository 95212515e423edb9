"""WebSocket sessions: the state of one connection.

connection      from handshake to close; wires together the modules below
handshake       ``hello``: from which seq the stream resumes
receive_queue   frames from the socket: handled at once, or by a task while one of them must wait
dispatcher      decodes a frame, checks its rate limit, submits a command or runs a query
requests/       one file per query, the requests that only read
responder       encodes replies and puts them into the send queue
stream          the device's position in its user's log: next, old or gap
send_queue      frames waiting to be written to the socket, bounded

What all connections of a node share is in `bussa_server.node`; the socket is a port.
"""
