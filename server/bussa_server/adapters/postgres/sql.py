"""What we use of asyncpg, with types (it has none of its own), and literals that need no quoting.

A commit ends with a script of several statements, sent at once: one round trip, and the lock of a log row is held
for one less. A script takes no parameters, so its values stand in it: numbers as digits, and whatever is text as
the hexadecimal digits of its UTF-8. No such literal holds a quotation mark, whatever a client wrote.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - what we use of it is typed below

Error: type[Exception] = asyncpg.PostgresError
"""What the server answers instead of a result; it has a ``sqlstate`` (PostgreSQL, appendix A)."""
ClientError: type[Exception] = asyncpg.InterfaceError
"""asyncpg's own complaint: a closed connection, a value that is none of the parameter's type."""
ProtocolError: type[Exception] = asyncpg.InternalClientError
BadValueError: type[Exception] = asyncpg.DataError
BadUrlError: type[Exception] = asyncpg.ClientConfigurationError


class Version(Protocol):
    major: int


class Connection(Protocol):
    async def execute(self, query: str, *args: Any) -> str:
        """Without arguments ``query`` may be a script. Returns the tag of the last statement."""
        ...

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    def get_server_version(self) -> Version: ...
    def is_in_transaction(self) -> bool: ...
    def is_closed(self) -> bool: ...
    async def close(self) -> None: ...
    def terminate(self) -> None: ...


async def connect(url: str, settings: dict[str, str], **options: Any) -> Connection:
    """Connect; ``settings`` are the server's, for this session."""
    return cast(Connection, await cast(Any, asyncpg).connect(url, server_settings=settings, **options))


def number_array(values: Iterable[int | None]) -> str:
    """An array of numbers or booleans."""
    return "'{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}'"


def bytea_array(values: Iterable[str | bytes | None]) -> str:
    """An array of bytea; strings as UTF-8.

    Raises:
        UnicodeEncodeError: a string holds half a surrogate pair.
    """
    return "'{" + ",".join(["NULL" if value is None else _bytea_literal(value) for value in values]) + "}'"


def _bytea_literal(value: str | bytes) -> str:
    # Two backslashes: one is for the parser of arrays.
    return "\\\\x" + (value.encode() if isinstance(value, str) else value).hex()


def execute_line(statement: str, *values: str) -> str:
    """A line of a script: a prepared statement with its values, from `number_array` and `bytea_array`."""
    return f"EXECUTE {statement} ({', '.join(values)});\n"


def without_nul(ids: Iterable[str]) -> Sequence[str]:
    """Without those that PostgreSQL's text can't hold; nobody is called so."""
    return [id for id in ids if "\0" not in id]


def id_or_none(id: str | None) -> str | None:
    """An id to look for; None, which nothing is equal to, for one that nobody can have."""
    return None if id is None or "\0" in id else id
