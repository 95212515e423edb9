"""The command of the terminal chat: ``bussa chat``. Dependencies are imported when it runs, not for ``--help``."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def chat(
    url: Annotated[str, typer.Option(help="The server.", envvar="BUSSA_URL")] = "http://127.0.0.1:8080",
    user: Annotated[str | None, typer.Option(help="Log in as.", envvar="BUSSA_USER")] = None,
) -> None:
    """Chat in the terminal."""
    from bussa.chat import run

    raise typer.Exit(run(url, user))
