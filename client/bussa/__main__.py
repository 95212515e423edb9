"""The command ``bussa``: one name for the commands of all installed parts.

``pip install bussa`` brings this SDK and no command; each extra brings a part with commands of its own. A command of a
part that is not installed is answered with the extra that brings it.
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
    """Modules that tell whether the extra is installed: to import the part for that would take half a second."""

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
    """Run the command of the command line; ends the process with its status, 2 where there is no such command."""
    first = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if first == "--version":
        print(f"bussa {importlib.metadata.version('bussa')}")
        return
    named = [part for part in PARTS if first in part.commands]
    missing = [part for part in named or PARTS if not part.installed]
    if named and missing:
        _fail(f"{first} is not installed; it comes with: {_pip(missing[0])}")
    present = [part for part in named or PARTS if part.installed]
    if not present:
        if first in ("--help", "-h"):
            print("The Python SDK of Bussa. Its commands are installed by themselves:\n")
            for part in missing:
                print(f"    {_pip(part):<31} {', '.join(part.commands)}")
            return
        _fail(f"no command {first!r}; see bussa --help")
    _run(present, missing)


def _run(present: list[Part], missing: list[Part]) -> NoReturn:
    import typer

    root = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @root.callback(
        help="Direct messages beside your own users.",
        epilog="\n\n".join(f"{', '.join(part.commands)}: not installed; {_pip(part)}" for part in missing),
    )
    def root_options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
        """``--version`` alone is answered before; it stands here for the help."""

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
