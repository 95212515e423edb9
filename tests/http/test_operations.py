"""Alive, ready, counted; the two contracts."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bussa_protocol.asyncapi import asyncapi_document
from bussa_protocol.openapi import openapi_document
from bussa_server.http import Readiness, routes
from tests.http.world import World, is_problem


async def test_alive_for_as_long_as_the_loop_turns(world: World) -> None:
    world.store.out_of_reach = True
    assert (await world.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("readiness", "status"),
    [
        (Readiness("ready"), 200),
        (Readiness("degraded", ("bus",)), 200),
        (Readiness("unavailable", ("store",)), 503),
        (Readiness("draining"), 503),
    ],
)
async def test_ready_says_what_is_degraded(readiness: Readiness, status: int) -> None:
    async def found() -> Readiness:
        return readiness

    world = World(readiness=found)
    answer = await world.http.get("/readyz")
    if status == 200:
        assert answer.status_code == 200
        assert answer.json() == {"status": readiness.status, "degraded": list(readiness.degraded)}
    else:
        detail = is_problem(answer, 503, "unavailable")["detail"]
        assert readiness.status in detail
        assert all(name in detail for name in readiness.degraded)
    await world.close()


async def test_who_does_not_know_in_time_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = False

    async def never() -> Readiness:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        finally:
            cancelled = True
        raise AssertionError

    monkeypatch.setattr("bussa_server.http.operations.READY_SECONDS", 0.0)
    world = World(readiness=never)
    is_problem(await world.http.get("/readyz"), 503, "unavailable")
    assert cancelled
    await world.close()


def count(text: str, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_metrics_count_calls_by_route_and_not_by_path(world: World) -> None:
    async def calls(**labels: str) -> float:
        answer = await world.http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return count(answer.text, "bussa_http_calls_total", **labels)

    route = "/v1/following/{user}"
    before = await calls(route=route, status="401")
    unmatched = await calls(route="unmatched")
    for user in ("a", "b", "c"):
        await world.http.put(f"/v1/following/{user}")
        await world.http.get(f"/{user}")
    await world.http.request("BREW", "/v1/following/a")
    assert await calls(route=route, status="401") == before + 3
    assert await calls(route="unmatched") == unmatched + 3
    text = (await world.http.get("/metrics")).text
    assert "BREW" not in text


async def test_the_contracts_are_served_as_they_are_written(world: World) -> None:
    assert (await world.http.get("/v1/openapi.json")).json() == openapi_document()
    assert (await world.http.get("/v1/asyncapi.json")).json() == asyncapi_document()


async def test_every_call_of_the_contract_is_there_and_no_other(world: World) -> None:
    documented = {path: {method.upper() for method in calls} for path, calls in openapi_document()["paths"].items()}
    del documented["/"]  # the web client stands beside these calls
    served = {}
    for route in routes(world.deps):
        answer = await world.http.options(route.path.replace("{", "").replace("}", ""))
        served[route.path] = {*answer.headers["allow"].split(", ")} - {"HEAD", "OPTIONS"}
    assert served == documented
