"""Health, readiness and metrics; the OpenAPI and AsyncAPI documents."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_server import telemetry
from bussa_server.http import request_parsing
from bussa_server.http.deps import Deps
from bussa_server.http.problems import NO_STORE_HEADERS, unavailable
from bussa_server.http.resource import Handler, resource
from bussa_server.telemetry.registry import CONTENT_TYPE

READY_SECONDS = 2.0
"""Deadline of the readiness check; past it the server is not ready."""


class Operations:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def alive(self, request: Request) -> Response:
        """``GET /healthz``: 200 as long as the event loop runs."""
        return request_parsing.json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """``GET /readyz``: 200, also if degraded; 503 if the store is unavailable, and while draining."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                found = await self._deps.readiness()
        except TimeoutError:
            raise unavailable(detail="readiness check timed out") from None
        if found.status in ("unavailable", "draining"):
            raise unavailable(detail=", ".join([found.status, *found.degraded]))
        return request_parsing.json({"status": found.status, "degraded": found.degraded})

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``: Prometheus text."""
        return Response(telemetry.metrics(), headers={**NO_STORE_HEADERS, "Content-Type": CONTENT_TYPE})


def _document(document: dict[str, Any]) -> Handler:
    encoded = msgspec.json.encode(document)

    async def answer(request: Request) -> Response:
        return Response(encoded, media_type="application/json", headers=NO_STORE_HEADERS)

    return answer


def routes(deps: Deps) -> list[Route]:
    # Imported here: building the documents takes a while, and not every import of this module serves them.
    from bussa_protocol.asyncapi import asyncapi_document
    from bussa_protocol.openapi import openapi_document

    operations = Operations(deps)
    return [
        resource("/healthz", GET=operations.alive),
        resource("/readyz", GET=operations.ready),
        resource("/metrics", GET=operations.metrics),
        resource("/v1/openapi.json", GET=_document(openapi_document())),
        resource("/v1/asyncapi.json", GET=_document(asyncapi_document())),
    ]
