"""The HTTP interface (contract, section *HTTP*).

routes            all routes, and the Starlette application
accounts          sign up, log in, log out
following         following and followers of a user
admin             users, their following and their tokens, for the host application
operations        health, readiness, metrics, the OpenAPI and AsyncAPI documents
socket            the WebSocket endpoint
static            the web client's files, from memory
resource          one path: its methods, timing, error handling
problems          error responses (RFC 9457)
request_parsing   request bodies, page parameters, bearer tokens, client addresses
deps              the dependencies of the handlers
"""

from bussa_server.http.deps import Deps, Readiness
from bussa_server.http.routes import api_routes, application

__all__ = ["Deps", "Readiness", "api_routes", "application"]
