"""The server. From the ground up, each layer seeing only those below it:

domain/      the law: pure; no await, no clock, no I/O
ports/       what we need from outside, in prose and a Protocol class each
telemetry    one function an event: its log line and its counter together
adapters/    one technology each: SQLite, and the bus inside one process
session/     one connection's work
transport/   uvicorn's protocols, bounded
http/        accounts, people, admin, operations
settings     read once, frozen
app          the only place where a port meets an adapter
cli          the commands
"""
