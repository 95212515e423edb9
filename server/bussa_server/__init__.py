"""The server. Bottom-up; each layer imports only from those above it in this list:

lib/         pure parts that know nothing of the domain
domain/      the rules: pure functions; no await, no clock, no I/O
ports/       the store, the bus, timers and the socket, each specified as a Protocol class
telemetry/   one function per event: its log line and its metrics
auth/        tokens, published keys, passwords, log-in limits
adapters/    implementations of the ports: SQLite, PostgreSQL, Redis, and a bus for a single process
node/        what the connections of a node share: the commit queue, the hub, admission
session/     WebSocket connections: dispatch, streams, queues
jobs/        timers and recurring tasks
transport/   HTTP and WebSocket on asyncio, with bounds
http/        accounts, following, admin, operations, the web client
settings     the operator's settings: read once, frozen
app          the composition root: connects ports with adapters
tuning       garbage collector, GIL, open files, scheduler, event loop
serving      one process behind a listening socket
workers      several processes on one port
offline      commands on a data folder or a database, without a server
cli          the command line
"""
