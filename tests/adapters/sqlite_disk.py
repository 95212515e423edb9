"""Disk fault injection: a VFS between SQLite and the real one (sqlite.org/vfs.html)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

_ERRORS: dict[str, Callable[[], Exception]] = {
    "full": lambda: apsw.FullError("database or disk is full"),
    "dying": lambda: apsw.IOError("disk I/O error"),
}


class FaultyDisk(apsw.VFS):
    """The default VFS while it is installed: every file opened meanwhile is on it."""

    def __init__(self) -> None:
        # The current default, by name: "" would mean this VFS itself once it is the default.
        self.real = apsw.vfs_names()[0]
        super().__init__("faulty disk", self.real, makedefault=True)
        self.unflushed: set[str] = set()
        """The files with writes since their last flush."""
        self.on_write: Callable[[str], None] = lambda _: None
        """Called with the path after each write; if it raises, the write has failed."""
        self.writes = 0
        self.flushes = 0
        self.failures = 0
        self._operations_left: int | None = None
        self._error = _ERRORS["full"]

    def fail_after(self, operations: int, how: str = "full") -> None:
        """Let this many more writes and flushes succeed, and fail all after them."""
        self._operations_left, self._error, self.failures = operations, _ERRORS[how], 0

    def repair(self) -> None:
        self._operations_left = None

    def count_operation(self) -> None:
        if self._operations_left is not None:
            if self._operations_left == 0:
                self.failures += 1
                raise self._error()
            self._operations_left -= 1

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _FaultyFile(self, str(path), name, flags)


class _FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, path: str, name: Any, flags: Any) -> None:
        super().__init__(disk.real, name, flags)
        self._disk, self._path = disk, path

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - apsw's name
        self._disk.count_operation()
        self._disk.unflushed.add(self._path)
        super().xWrite(data, offset)
        self._disk.writes += 1
        self._disk.on_write(self._path)

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's name
        self._disk.count_operation()
        super().xSync(flags)
        self._disk.flushes += 1
        self._disk.unflushed.discard(self._path)


@contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    """Install the disk; all files on it must be closed at the end."""
    disk = FaultyDisk()
    try:
        yield disk
    finally:
        disk.repair()
        disk.unregister()
