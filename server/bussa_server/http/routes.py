"""All routes together, and the application around them."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from bussa_server.http import accounts, admin, following, operations
from bussa_server.http.deps import Deps
from bussa_server.http.problems import on_defect, on_http_exception


def api_routes(deps: Deps) -> list[Route]:
    """Every call of the contract's table but the web client's."""
    return [route for group in (accounts, following, admin, operations) for route in group.routes(deps)]


def application(deps: Deps, more: Sequence[BaseRoute] = (), lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """The calls and ``more`` (the socket, the web client). What is none of them is a 404 as the contract has it."""
    app = Starlette(
        routes=[*api_routes(deps), *more],
        exception_handlers={HTTPException: on_http_exception, Exception: on_defect},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a path with a slash too many is another path
    return app
