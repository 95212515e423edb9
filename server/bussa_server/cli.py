"""The server's commands: ``bussa serve``, ``token``, ``check``, ``backup``, ``new-epoch``."""

import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bussa_protocol.bodies import TTL_MAX
from bussa_server import multiprocess_metrics
from bussa_server.settings import BadSettingError, Settings

app = typer.Typer()

Data = Annotated[Path, typer.Option(envvar="BUSSA_DATA", help="Folder of the embedded database.")]
DEFAULT = Settings()


def _option(help: str, env: str, **more: Any) -> Any:
    return typer.Option(help=help, envvar=f"BUSSA_{env}", show_default=True, **more)


@contextmanager
def _plain_errors() -> Generator[None, None, None]:
    """Print errors that the operator can fix as one line, without a traceback, and exit with status 2."""
    from bussa_server.adapters.sqlite.database import DataFolderError

    try:
        yield
    except (BadSettingError, DataFolderError) as error:
        _fail(str(error))


def _fail(why: str) -> NoReturn:
    print(f"bussa: {why}", file=sys.stderr)
    raise typer.Exit(2)


def _split_commas(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


@app.command()
def serve(
    host: Annotated[str, _option("Address to listen on.", "HOST")] = DEFAULT.host,
    port: Annotated[int, _option("Port to listen on; 0: any free port.", "PORT")] = DEFAULT.port,
    data: Annotated[Path, _option("Folder of the embedded database and the generated secret.", "DATA")] = DEFAULT.data,
    database_url: Annotated[
        str | None, _option("PostgreSQL instead of the embedded database: postgresql://…", "DATABASE_URL")
    ] = None,
    redis_url: Annotated[str | None, _option("Redis for pub/sub between nodes: redis://…", "REDIS_URL")] = None,
    workers: Annotated[int, _option("Worker processes on this port.", "WORKERS")] = DEFAULT.workers,
    admin_key: Annotated[str | None, _option("Key for the admin API; without it there is none.", "ADMIN_KEY")] = None,
    secret: Annotated[str | None, _option("Secret that signs tokens; the same on all nodes.", "SECRET")] = None,
    jwks_url: Annotated[str | None, _option("JWKS of the host application that signs tokens.", "JWKS_URL")] = None,
    token_audience: Annotated[str | None, _option("Required `aud` of tokens.", "TOKEN_AUDIENCE")] = None,
    token_issuer: Annotated[str | None, _option("Required `iss` of tokens.", "TOKEN_ISSUER")] = None,
    token_seconds: Annotated[int, _option("Default lifetime of a token.", "TOKEN_SECONDS")] = DEFAULT.token_seconds,
    sign_up: Annotated[bool, _option("Whether anyone may create an account.", "SIGN_UP")] = DEFAULT.sign_up,
    password_length: Annotated[
        int, _option("Minimum length of a password.", "PASSWORD_LENGTH")
    ] = DEFAULT.password_length,
    allow_origin: Annotated[str, _option("Other allowed origins, comma-separated; *: any.", "ALLOW_ORIGIN")] = "",
    trusted_proxies: Annotated[
        str, _option("Addresses whose X-Forwarded-For is trusted, comma-separated.", "TRUSTED_PROXIES")
    ] = "",
    send_rate: Annotated[
        float, _option("Messages per second and user, in bursts of 200; 0: no limit.", "SEND_RATE")
    ] = DEFAULT.send_rate,
    frame_rate: Annotated[
        float,
        _option("Other frames per second and connection, in bursts of ten times that; 0: no limit.", "FRAME_RATE"),
    ] = DEFAULT.frame_rate,
    connections_per_user: Annotated[
        int, _option("Maximum connections per user.", "CONNECTIONS_PER_USER")
    ] = DEFAULT.connections_per_user,
    connections_per_address: Annotated[
        int, _option("Maximum connections per address.", "CONNECTIONS_PER_ADDRESS")
    ] = DEFAULT.connections_per_address,
    login_rate: Annotated[
        float, _option("Failed log-ins per second and address; 0: no limit.", "LOGIN_RATE")
    ] = DEFAULT.login_rate,
    drain_seconds: Annotated[
        float, _option("Seconds over which a restart spreads its closes.", "DRAIN_SECONDS")
    ] = DEFAULT.drain_seconds,
    log_format: Annotated[str, _option("text or json.", "LOG_FORMAT")] = DEFAULT.log_format,
    log_level: Annotated[str, _option("debug, info, warning or error.", "LOG_LEVEL")] = DEFAULT.log_level,
) -> None:
    """Serve until SIGTERM. Without --database-url and --redis-url a single process needs nothing else."""
    # First: telemetry decides at import where to count, and nearly every module imports it.
    with multiprocess_metrics.enabled() if workers > 1 else nullcontext(), _plain_errors():
        settings = Settings(
            host=host,
            port=port,
            data=data,
            database_url=database_url,
            redis_url=redis_url,
            workers=workers,
            admin_key=admin_key,
            secret=secret,
            jwks_url=jwks_url,
            token_audience=token_audience,
            token_issuer=token_issuer,
            token_seconds=token_seconds,
            sign_up=sign_up,
            password_length=password_length,
            allowed_origins=_split_commas(allow_origin),
            trusted_proxies=_split_commas(trusted_proxies),
            send_rate=send_rate,
            frame_rate=frame_rate,
            connections_per_user=connections_per_user,
            connections_per_address=connections_per_address,
            login_rate=login_rate,
            drain_seconds=drain_seconds,
            log_format=log_format,
            log_level=log_level,
        )
        from bussa_server import serving, telemetry
        from bussa_server import workers as worker_processes

        telemetry.configure(settings.log_format, settings.log_level)
        if settings.workers > 1:
            raise typer.Exit(worker_processes.serve(settings))
        serving.serve(settings)


@app.command()
def token(
    user: str,
    data: Data = DEFAULT.data,
    secret: Annotated[str | None, _option("The server's secret, if it was given one.", "SECRET")] = None,
    ttl: Annotated[int, typer.Option(help="Lifetime in seconds.", min=1, max=TTL_MAX)] = DEFAULT.token_seconds,
    token_audience: Annotated[str | None, _option("`aud`, if the server requires one.", "TOKEN_AUDIENCE")] = None,
    token_issuer: Annotated[str | None, _option("`iss`, if the server requires one.", "TOKEN_ISSUER")] = None,
) -> None:
    """Print a token for USER of an embedded database, for testing by hand."""
    from bussa_server.offline import token_for

    with _plain_errors():
        settings = Settings(data=data, secret=secret, token_audience=token_audience, token_issuer=token_issuer)
        print(token_for(settings, user, ttl))


@app.command()
def check(data: Data = DEFAULT.data) -> None:
    """Verify a data folder: gapless logs, consistent conversations. Exits with 1 if it finds problems."""
    from bussa_server.offline import check as check_folder

    with _plain_errors():
        report = check_folder(data)
    for complaint in report.problems:
        print(complaint)
    print(report.summary)
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def backup(destination: Path, data: Data = DEFAULT.data) -> None:
    """Copy the embedded database into a new file, also while the server is running."""
    from bussa_server.offline import back_up

    with _plain_errors():
        back_up(data, destination)
    print(f"backed up to {destination}")


@app.command()
def new_epoch(
    database_url: Annotated[str, _option("postgresql://…: the restored database.", "DATABASE_URL")],
) -> None:
    """Begin a new epoch after restoring PostgreSQL, before starting a server, so that devices reload everything."""
    from bussa_server.offline import new_epoch as begin

    with _plain_errors():
        print(f"the epoch is now {begin(database_url)}")
