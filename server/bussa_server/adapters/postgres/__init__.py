"""The store at scale: PostgreSQL (14 or newer) by asyncpg, shared by any number of nodes.

store         the port
committing    one batch, one transaction: lock, load, decide, save; retries
loading       loads the rows of a batch into a unit of work
saving        the script that saves the changes of a unit of work
statements    the SQL of a commit, prepared once per connection
reading       logs, histories, lists
searching     the full-text index
trimming      deletes log events past their retention
database      schema migrations, compatibility of two versions, the epoch
connections   connection settings, the connection pool
failures      classification of database errors, retries
sql           the part of asyncpg that we use, typed; literals that need no quoting
migrations/   the schema, step by step
"""

from bussa_server.adapters.postgres.database import DatabaseError, new_epoch
from bussa_server.adapters.postgres.store import PostgresStore

__all__ = ["DatabaseError", "PostgresStore", "new_epoch"]
