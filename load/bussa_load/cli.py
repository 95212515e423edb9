"""The command of the load harness: ``bussa load``. Dependencies are imported when it runs, not for ``--help``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def load(
    plan: Annotated[str, typer.Argument(help="pairs, desk, storm, idle or mixed.")] = "pairs",
    url: Annotated[str, typer.Option(help="The server.", envvar="BUSSA_URL")] = "http://127.0.0.1:8080",
    admin_key: Annotated[str, typer.Option(help="The server's admin key.", envvar="BUSSA_ADMIN_KEY")] = "",
    connections: Annotated[int, typer.Option(help="Connections, one per user.")] = 200,
    seconds: Annotated[float, typer.Option(help="How long to send.")] = 10.0,
    outstanding: Annotated[int, typer.Option(help="Closed loop: outstanding sends per writer.")] = 1,
    rate: Annotated[float, typer.Option(help="Open loop: messages per second in total; 0: closed loop.")] = 0.0,
    text: Annotated[int, typer.Option(help="Characters per message.")] = 120,
    processes: Annotated[int, typer.Option(help="Processes of the harness.")] = 1,
    source: Annotated[str, typer.Option(help="Local addresses to connect from, comma-separated.")] = "",
    secret: Annotated[
        str | None, typer.Option(help="The server's secret, to sign tokens locally.", envvar="BUSSA_SECRET")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 1,
    json: Annotated[Path | None, typer.Option(help="Write the result to this file as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML report with plots to this file.")] = None,
) -> None:
    """Load a server and verify every message. Start the server with --admin-key and --send-rate 0."""
    from bussa_load.command import LoadError, Options, run
    from bussa_load.plan import KINDS, Plan

    try:
        if plan not in KINDS:
            raise ValueError(f"unknown plan {plan!r}: one of {', '.join(KINDS)}")
        sources = tuple(part.strip() for part in source.split(",") if part.strip())
        status = run(
            Plan(plan, connections, seconds, outstanding, rate, text, seed),
            Options(url, admin_key, processes, json, html, secret=secret, sources=sources),
        )
    except (LoadError, ValueError) as error:
        print(f"bussa: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    raise typer.Exit(status)
