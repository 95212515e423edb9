"""The embedded store: SQLite by apsw, one writing thread, a few reading ones.

store         the port, asynchronous; group commit and indexing take turns on the writing thread
ledger_rows   fills a book with rows and writes down what it says has changed
people        reads a person, and a pair of them
reading       logs, histories, lists
searching     the full-text index
database      opening, locking, migrating, backing up
checking      verifies a data folder
trimming      forgets what a log need not reach back to
migrations/   the schema, step by step
"""

from bussa_server.adapters.sqlite.database import DataFolderError
from bussa_server.adapters.sqlite.store import SqliteStore

__all__ = ["DataFolderError", "SqliteStore"]
