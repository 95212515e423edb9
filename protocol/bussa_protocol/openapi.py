"""The HTTP API as an OpenAPI 3.1 document: one row per operation; the rest is derived from the types."""

import re
from http import HTTPStatus
from typing import NamedTuple

from bussa_protocol import bodies, limits
from bussa_protocol.asyncapi import CONTRACT_VERSION
from bussa_protocol.codes import ErrorCode, HttpCode
from bussa_protocol.ids import PageCursor, PageSize, UserId
from bussa_protocol.schemas import Json, components, reference, schema

PUBLIC: list[Json] = []
USER: list[Json] = [{"token": []}]
ADMIN: list[Json] = [{"adminKey": []}]


class Operation(NamedTuple):
    """A row of the contract's table of HTTP operations."""

    method: str
    path: str
    name: str
    """The operation id: its name in generated clients."""
    summary: str
    security: list[Json]
    responses: dict[int, str | None]
    """The body of each success status: a schema's name, a media type, or None for no body."""
    problems: tuple[int, ...] = ()
    body: str | None = None
    body_required: bool = True
    paged: bool = False


OPERATIONS = (
    Operation(
        "post",
        "/v1/accounts",
        "signUp",
        "Create an account and its first token. 404 where sign-up is disabled.",
        PUBLIC,
        {201: "TokenGrant"},
        (404, 409, 413, 422, 429, 503),
        "SignUp",
    ),
    Operation(
        "post",
        "/v1/tokens",
        "logIn",
        "Get a token by user id and password.",
        PUBLIC,
        {200: "TokenGrant"},
        (401, 413, 422, 429, 503),
        "LogIn",
    ),
    Operation(
        "delete",
        "/v1/sessions",
        "logOut",
        "Revoke all tokens of the user, and close all open sockets with 4401.",
        USER,
        {204: None},
        (401, 503),
    ),
    Operation("put", "/v1/following/{user}", "follow", "Follow a user.", USER, {204: None}, (401, 404, 422, 503)),
    Operation(
        "delete", "/v1/following/{user}", "unfollow", "Unfollow a user.", USER, {204: None}, (401, 404, 422, 503)
    ),
    Operation(
        "get",
        "/v1/following",
        "listFollowing",
        "List the users that the user follows.",
        USER,
        {200: "UserPage"},
        (401, 422, 503),
        paged=True,
    ),
    Operation(
        "get",
        "/v1/followers",
        "listFollowers",
        "List the followers of the user.",
        USER,
        {200: "UserPage"},
        (401, 422, 503),
        paged=True,
    ),
    Operation(
        "put",
        "/v1/users/{id}",
        "putUser",
        "Create (201) or update (200) a user. No password is needed: the host application logs its users in.",
        ADMIN,
        {200: "UserView", 201: "UserView"},
        (401, 404, 413, 422, 503),
        "UserChange",
        body_required=False,
    ),
    Operation(
        "put",
        "/v1/users/{id}/following/{other}",
        "putFollowing",
        "Make `id` follow `other`.",
        ADMIN,
        {204: None},
        (401, 404, 422, 503),
    ),
    Operation(
        "delete",
        "/v1/users/{id}/following/{other}",
        "deleteFollowing",
        "Make `id` unfollow `other`.",
        ADMIN,
        {204: None},
        (401, 404, 422, 503),
    ),
    Operation(
        "post",
        "/v1/users/{id}/tokens",
        "createToken",
        "Create a token for a user.",
        ADMIN,
        {201: "TokenGrant"},
        (401, 404, 413, 422, 503),
        "TokenRequest",
        body_required=False,
    ),
    Operation("get", "/healthz", "health", "Liveness of the process.", PUBLIC, {200: "Health"}),
    Operation(
        "get",
        "/readyz",
        "readiness",
        "Readiness of the server, and what is degraded.",
        PUBLIC,
        {200: "Readiness"},
        (503,),
    ),
    Operation("get", "/metrics", "metrics", "Metrics in the text format of Prometheus.", PUBLIC, {200: "text/plain"}),
    Operation("get", "/v1/openapi.json", "openapi", "This document.", PUBLIC, {200: "application/json"}),
    Operation(
        "get",
        "/v1/asyncapi.json",
        "asyncapi",
        "The AsyncAPI document of the WebSocket.",
        PUBLIC,
        {200: "application/json"},
    ),
    Operation("get", "/", "client", "The web client.", PUBLIC, {200: "text/html"}),
)

PROBLEMS = {
    401: (HttpCode.UNAUTHENTICATED, "Missing or invalid token, admin key or password."),
    404: (
        ErrorCode.NOT_FOUND,
        "Unknown user; admin operations without an admin key; sign-up where it is disabled.",
    ),
    409: (HttpCode.TAKEN, "The user id is taken."),
    413: (HttpCode.TOO_LARGE, "The request body is too large."),
    422: (ErrorCode.BAD_REQUEST, "A missing, mistyped or out-of-range field or parameter."),
    429: (ErrorCode.RATE_LIMITED, "Rate limit exceeded; `Retry-After` says when to retry."),
    503: (ErrorCode.UNAVAILABLE, "The store is unavailable, or the server is shutting down; retry."),
}

_BODIES = (
    bodies.SignUp,
    bodies.LogIn,
    bodies.TokenGrant,
    bodies.TokenRequest,
    bodies.UserChange,
    bodies.UserView,
    bodies.UserPage,
    bodies.Problem,
)


def openapi_document() -> Json:
    """A new document on each call, so that the caller may modify it."""
    paths: Json = {}
    for call in OPERATIONS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bussa",
            "version": CONTRACT_VERSION,
            "description": (
                "Accounts, following and tokens over HTTP. Messages go over the WebSocket at `/v1/socket`, "
                "which `/v1/asyncapi.json` describes."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components({body.__name__: body for body in _BODIES}), **_HEALTH_SCHEMAS},
            "responses": {
                **{
                    _response_name(status): _problem_response(f"`{code.value}`: {why}")
                    for status, (code, why) in PROBLEMS.items()
                },
                "Other": _problem_response("Any other error; `status` and `code` say which."),
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The token of a user.",
                },
                "adminKey": {"type": "http", "scheme": "bearer", "description": "The key of `--admin-key`."},
            },
        },
    }


_HEALTH_SCHEMAS: Json = {
    "Health": {
        "type": "object",
        "properties": {"status": {"type": "string", "enum": ["alive"]}},
        "required": ["status"],
    },
    "Readiness": {
        "type": "object",
        "properties": {
            "status": {"type": "string", "enum": ["ready", "degraded"]},
            "degraded": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Unavailable services that the server can do without.",
            },
        },
        "required": ["status", "degraded"],
    },
}


def _operation(call: Operation) -> Json:
    operation: Json = {
        "operationId": call.name,
        "summary": call.summary,
        "security": call.security,
        "responses": {
            **{str(status): _success_response(status, carries) for status, carries in call.responses.items()},
            **{str(status): {"$ref": f"#/components/responses/{_response_name(status)}"} for status in call.problems},
            "default": {"$ref": "#/components/responses/Other"},
        },
    }
    if parameters := [*_path_parameters(call.path), *(_page_parameters() if call.paged else ())]:
        operation["parameters"] = parameters
    if call.body is not None:
        operation["requestBody"] = {
            "required": call.body_required,
            "content": {"application/json": {"schema": reference(call.body)}},
        }
    return operation


def _success_response(status: int, content: str | None) -> Json:
    answer: Json = {"description": HTTPStatus(status).phrase}
    if content is None:
        return answer
    if "/" in content:
        kind: Json = {"type": "object"} if content == "application/json" else {"type": "string"}
        answer["content"] = {content: {"schema": kind}}
    else:
        answer["content"] = {"application/json": {"schema": reference(content)}}
    return answer


def _path_parameters(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schema(UserId)}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _page_parameters() -> list[Json]:
    return [
        {"name": "cursor", "in": "query", "required": False, "schema": schema(PageCursor)},
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "schema": {**schema(PageSize), "default": limits.PAGE_DEFAULT},
        },
    ]


def _problem_response(description: str) -> Json:
    waiting = {
        "description": "Seconds to wait before a retry, where that helps.",
        "schema": {"type": "integer", "minimum": 1},
    }
    return {
        "description": description,
        "headers": {"Retry-After": waiting},
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }


def _response_name(status: int) -> str:
    return PROBLEMS[status][0].name.title().replace("_", "")
