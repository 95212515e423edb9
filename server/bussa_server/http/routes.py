"""All routes, and the Starlette application."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from bussa_server.http import accounts, admin, following, operations
from bussa_server.http.deps import Deps
from bussa_server.http.problems import on_defect, on_http_exception


def api_routes(deps: Deps) -> list[Route]:
    """The routes of the contract's HTTP table, except the web client's."""
    return [route for group in (accounts, following, admin, operations) for route in group.routes(deps)]


def application(deps: Deps, more: Sequence[BaseRoute] = (), lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """An application with the API routes and ``more`` (the socket, the web client). Any other path is a 404 problem."""
    app = Starlette(
        routes=[*api_routes(deps), *more],
        exception_handlers={HTTPException: on_http_exception, Exception: on_defect},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a path with a trailing slash is a different path
    return app
