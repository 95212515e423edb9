"""A route for one path: dispatches its methods, measures them, and turns exceptions into error responses."""

import time
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.codes import ErrorCode, HttpCode
from bussa_server import telemetry
from bussa_server.auth.passwords import Busy
from bussa_server.auth.principal import Unauthenticated
from bussa_server.http.problems import NO_STORE_HEADERS, ProblemError, internal, unauthenticated, unavailable
from bussa_server.ports.store import Unavailable

Handler = Callable[[Request], Awaitable[Response]]


def resource(path: str, **methods: Handler) -> Route:
    """A route for ``methods``, and for HEAD and OPTIONS; any other method is 405.

    One route per path and not per method, so that `Allow` names all of them.
    """
    allowed = sorted({*methods, "OPTIONS", *({"HEAD"} if "GET" in methods else ())})
    allow = ", ".join(allowed)

    async def endpoint(request: Request) -> Response:
        started = time.perf_counter()
        method = request.method
        if method == "OPTIONS":
            response = Response(status_code=204, headers={**NO_STORE_HEADERS, "Allow": allow})
        elif method in allowed:
            response = await _call_handler(methods["GET" if method == "HEAD" else method], request)
        else:
            method = "other"
            refusal = ProblemError(HttpCode.METHOD_NOT_ALLOWED, f"allowed: {allow}", headers={"Allow": allow})
            response = refusal.response
        telemetry.call_answered(method, path, response.status_code, time.perf_counter() - started)
        return response

    route = Route(path, endpoint)
    route.methods = None  # type: ignore[assignment]  # route every method here: we answer 405 ourselves
    return route


async def _call_handler(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem.response
    except Unauthenticated as error:
        return unauthenticated(str(error)).response
    except Unavailable:
        return unavailable().response
    except Busy as busy:
        return ProblemError(ErrorCode.RATE_LIMITED, str(busy), retry_after=busy.retry_after).response
    except ClientDisconnect:
        return Response(status_code=499)  # the client is gone; the status is for the metrics only
    except Exception as error:  # noqa: BLE001 - the client must get an answer, and the log a traceback
        telemetry.defect("http", error)
        return internal()
