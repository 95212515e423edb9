"""The embedded store: SQLite by apsw, one writer thread, a few reader threads.

store         the port, asynchronous; commits and indexing take turns on the writer thread
repository    loads the rows of a batch into a unit of work, and saves its changes
users         reads a user, and a conversation
reading       logs, histories, lists
searching     the full-text index
database      opening, locking, migrating, backing up
checking      verifies a data folder
trimming      deletes log events past their retention
migrations/   the schema, step by step
"""

from bussa_server.adapters.sqlite.database import DataFolderError
from bussa_server.adapters.sqlite.store import SqliteStore

__all__ = ["DataFolderError", "SqliteStore"]
