"""The command ``bussa``: the commands of all installed parts under one name.

``pip install bussa`` installs the SDK and no command. Each extra installs a part with its commands. A command of a
missing part fails with the name of its extra.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Part:
    extra: str
    module: str
    """Has an ``app`` (`typer.Typer`) with exactly these commands."""
    commands: tuple[str, ...]
    needs: tuple[str, ...]
    """Third-party modules of the extra. Looking them up tells whether it is installed; importing the part would take
    half a second."""

    @property
    def installed(self) -> bool:
        return all(importlib.util.find_spec(module) for module in self.needs)


PARTS = (
    Part(
        "server", "bussa_server.cli", ("serve", "token", "check", "backup", "new-epoch"), ("typer", "uvicorn", "apsw")
    ),
    Part("chat", "bussa.chat.cli", ("chat",), ("typer", "textual")),
    Part("load", "bussa_load.cli", ("load",), ("typer", "hdrh", "uvloop")),
)


def main() -> None:
    """Run the command of the command line, and exit with its status; with 2 if there is no such command."""
    first = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if first == "--version":
        print(f"bussa {importlib.metadata.version('bussa')}")
        return
    named = [part for part in PARTS if first in part.commands]
    missing = [part for part in named or PARTS if not part.installed]
    if named and missing:
        _fail(f"{first} is not installed; install it with: {_pip(missing[0])}")
    present = [part for part in named or PARTS if part.installed]
    if not present:
        if first in ("--help", "-h"):
            print("The Python SDK of Bussa. Its commands are installed separately:\n")
            for part in missing:
                print(f"    {_pip(part):<31} {', '.join(part.commands)}")
            return
        _fail(f"unknown command {first!r}; see bussa --help")
    _run(present, missing)


def _run(present: list[Part], missing: list[Part]) -> NoReturn:
    import typer

    root = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @root.callback(
        help="Direct messages beside your own users.",
        epilog="\n\n".join(f"{', '.join(part.commands)}: not installed; {_pip(part)}" for part in missing),
    )
    def root_options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
        """Handled in ``main``; declared here for the help text."""

    for part in present:
        root.registered_commands += importlib.import_module(part.module).app.registered_commands
    root(prog_name="bussa")
    raise SystemExit


def _pip(part: Part) -> str:
    return f"pip install 'bussa[{part.extra}]'"


def _fail(why: str) -> NoReturn:
    print(f"bussa: {why}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
