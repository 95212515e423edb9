"""The part of asyncpg that we use, typed (it has no types of its own), and literals that need no quoting.

A commit ends with a script of several statements in one round trip, which also shortens the time that the row locks
are held. A script takes no parameters, so the values are literals: numbers as digits, text as the hexadecimal digits
of its UTF-8. Such a literal never holds a quotation mark, whatever a client wrote.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - what we use of it is typed below

Error: type[Exception] = asyncpg.PostgresError
"""An error from the server, with a ``sqlstate`` (PostgreSQL, appendix A)."""
ClientError: type[Exception] = asyncpg.InterfaceError
"""asyncpg's own error: a closed connection, a value of the wrong type for a parameter."""
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
    """Connect; ``settings`` are server settings of this session."""
    return cast(Connection, await cast(Any, asyncpg).connect(url, server_settings=settings, **options))


def number_array(values: Iterable[int | None]) -> str:
    """An array of numbers or booleans."""
    return "'{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}'"


def bytea_array(values: Iterable[str | bytes | None]) -> str:
    """An array of bytea; strings as UTF-8.

    Raises:
        UnicodeEncodeError: a string has a lone surrogate.
    """
    return "'{" + ",".join(["NULL" if value is None else _bytea_literal(value) for value in values]) + "}'"


def _bytea_literal(value: str | bytes) -> str:
    # Two backslashes: the array parser consumes one.
    return "\\\\x" + (value.encode() if isinstance(value, str) else value).hex()


def execute_line(statement: str, *values: str) -> str:
    """A script line that executes a prepared statement with values from `number_array` and `bytea_array`."""
    return f"EXECUTE {statement} ({', '.join(values)});\n"


def without_nul(ids: Iterable[str]) -> Sequence[str]:
    """The ids without U+0000, which PostgreSQL's text can't hold and no user id has."""
    return [id for id in ids if "\0" not in id]


def id_or_none(id: str | None) -> str | None:
    """The id as a query parameter; None, which equals nothing in SQL, if it has a U+0000."""
    return None if id is None or "\0" in id else id
