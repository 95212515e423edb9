"""The logins remembered on this machine: a token per server and user, in a file readable by its owner only.

The file is ``$XDG_STATE_HOME/bussa/logins.json`` (XDG Base Directory Specification; default ``~/.local/state``).
Passwords are never stored.
"""

import os
from pathlib import Path

import msgspec


class Login(msgspec.Struct, frozen=True):
    """A remembered login."""

    user: str
    token: str


class Logins(msgspec.Struct):
    """Logins by server address, the last one first."""

    servers: dict[str, list[Login]] = {}


class LoginStore:
    """Reads and writes the file. An unreadable file counts as empty: the user logs in again."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or state_home() / "bussa") / "logins.json"

    def get(self, server: str, user: str | None = None) -> Login | None:
        """The login of ``user`` on a server, or the last one there."""
        for login in self._read().servers.get(server, []):
            if user is None or login.user == user:
                return login
        return None

    def save(self, server: str, login: Login) -> None:
        """Save a login.

        Raises:
            OSError: the file cannot be written.
        """
        logins = self._read()
        others = [other for other in logins.servers.get(server, []) if other.user != login.user]
        logins.servers[server] = [login, *others]
        self._write(logins)

    def delete(self, server: str, user: str) -> None:
        """Delete a login.

        Raises:
            OSError: the file cannot be written.
        """
        logins = self._read()
        logins.servers[server] = [login for login in logins.servers.get(server, []) if login.user != user]
        self._write(logins)

    def _read(self) -> Logins:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Logins)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Logins()

    def _write(self, logins: Logins) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file.parent.chmod(0o700)
        # Written to a temporary file and renamed: never half a file, never readable by others.
        new = self._file.with_suffix(f".{os.getpid()}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(logins)))
        new.replace(self._file)


def state_home() -> Path:
    """The XDG state directory. A relative ``$XDG_STATE_HOME`` is ignored, as the specification requires."""
    home = os.environ.get("XDG_STATE_HOME", "")
    return Path(home) if os.path.isabs(home) else Path.home() / ".local" / "state"
