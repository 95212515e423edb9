"""Health, readiness, metrics, and the API documents."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bussa_protocol.asyncapi import asyncapi_document
from bussa_protocol.openapi import openapi_document
from bussa_server.http import Readiness, api_routes
from tests.http.harness import Harness, is_problem


async def test_healthz_answers_while_the_store_is_unavailable(harness: Harness) -> None:
    harness.store.unavailable = True
    assert (await harness.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("readiness", "status"),
    [
        (Readiness("ready"), 200),
        (Readiness("degraded", ("redis",)), 200),
        (Readiness("unavailable", ("database",)), 503),
        (Readiness("draining"), 503),
    ],
)
async def test_readyz_names_what_is_degraded(readiness: Readiness, status: int) -> None:
    async def found() -> Readiness:
        return readiness

    harness = Harness(readiness=found)
    answer = await harness.http.get("/readyz")
    if status == 200:
        assert answer.status_code == 200
        assert answer.json() == {"status": readiness.status, "degraded": list(readiness.degraded)}
    else:
        detail = is_problem(answer, 503, "unavailable")["detail"]
        assert readiness.status in detail
        assert all(name in detail for name in readiness.degraded)
    await harness.close()


async def test_readyz_times_out_as_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = False

    async def never() -> Readiness:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        finally:
            cancelled = True
        raise AssertionError

    monkeypatch.setattr("bussa_server.http.operations.READY_SECONDS", 0.0)
    harness = Harness(readiness=never)
    is_problem(await harness.http.get("/readyz"), 503, "unavailable")
    assert cancelled
    await harness.close()


def count(text: str, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_metrics_count_calls_by_route(harness: Harness) -> None:
    async def calls(**labels: str) -> float:
        answer = await harness.http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return count(answer.text, "bussa_http_calls_total", **labels)

    route = "/v1/following/{user}"
    before = await calls(route=route, status="401")
    unmatched = await calls(route="unmatched")
    for user in ("a", "b", "c"):
        await harness.http.put(f"/v1/following/{user}")
        await harness.http.get(f"/{user}")
    await harness.http.request("BREW", "/v1/following/a")
    assert await calls(route=route, status="401") == before + 3
    assert await calls(route="unmatched") == unmatched + 3
    text = (await harness.http.get("/metrics")).text
    assert "BREW" not in text


async def test_api_documents_are_served_as_written(harness: Harness) -> None:
    assert (await harness.http.get("/v1/openapi.json")).json() == openapi_document()
    assert (await harness.http.get("/v1/asyncapi.json")).json() == asyncapi_document()


async def test_routes_match_the_openapi_document(harness: Harness) -> None:
    documented = {path: {method.upper() for method in calls} for path, calls in openapi_document()["paths"].items()}
    del documented["/"]  # the web client is not among the API routes
    served = {}
    for route in api_routes(harness.deps):
        answer = await harness.http.options(route.path.replace("{", "").replace("}", ""))
        served[route.path] = {*answer.headers["allow"].split(", ")} - {"HEAD", "OPTIONS"}
    assert served == documented
