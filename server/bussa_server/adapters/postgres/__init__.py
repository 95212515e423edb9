"""The store at scale: PostgreSQL (14 or newer) by asyncpg, shared by any number of nodes.

store         the port
committing    one batch, one transaction: lock, load, decide, save; again where that helps
ledger_rows   fills a book with rows, and writes the script that saves what it says has changed
statements    the SQL of a commit, prepared once a connection
reading       logs, histories, lists
searching     the full-text index
trimming      what a log need not reach back to
database      bringing the schema up to date, the epoch; how two versions live beside each other
connections   how we connect, and a pool that throws away what broke
failures      what an error says of the world, and whether another try may help
sql           what we use of asyncpg, with types; literals that need no quoting
migrations/   the schema, step by step
"""

from bussa_server.adapters.postgres.database import DatabaseError, new_epoch
from bussa_server.adapters.postgres.store import PostgresStore

__all__ = ["DatabaseError", "PostgresStore", "new_epoch"]
