"""WebSocket sessions: one connection's state, and the services that all connections of a node share.

One connection:

connection      from handshake to close; wires together the modules below
handshake       ``hello``: from which seq the stream resumes
receive_queue   frames from the socket: handled at once, or by a task while one of them must wait
dispatcher      decodes a frame, checks its rate limit, submits a command or runs a query
requests/       one file per query, the requests that only read
responder       encodes replies and puts them into the send queue
stream          the device's position in its user's log: next, old or gap
send_queue      frames waiting to be written to the socket, bounded
socket          what a transport implements

Shared by all connections of a node:

services        the objects below, in one record
commit_queue    group commit: collects commands and commits them in batches
hub             the connections of each user; delivers events to them
encoded_event   an event, encoded once per codec
admission       connection limits and send budgets
principal       what authenticates a token
maintenance     periodic tasks: log trimming, resync, loop lag
"""
