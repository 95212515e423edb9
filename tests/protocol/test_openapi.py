"""The OpenAPI document is valid, has every call of the contract, and its schemas say what the types say."""

import json
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from bussa_protocol import bodies
from bussa_protocol.codes import Code, HttpCode
from bussa_protocol.openapi import PROBLEMS, openapi_document
from tests.protocol.documents import references, resolve, validator

DOCUMENT = openapi_document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
# Contract, section HTTP: who may, and what is answered where it goes well.
CONTRACT = {
    "POST /v1/accounts": ("anybody", {"201"}),
    "POST /v1/tokens": ("anybody", {"200"}),
    "DELETE /v1/sessions": ("token", {"204"}),
    "PUT /v1/following/{user}": ("token", {"204"}),
    "DELETE /v1/following/{user}": ("token", {"204"}),
    "GET /v1/following": ("token", {"200"}),
    "GET /v1/followers": ("token", {"200"}),
    "PUT /v1/users/{id}": ("adminKey", {"200", "201"}),
    "PUT /v1/users/{id}/following/{other}": ("adminKey", {"204"}),
    "DELETE /v1/users/{id}/following/{other}": ("adminKey", {"204"}),
    "POST /v1/users/{id}/tokens": ("adminKey", {"201"}),
    "GET /healthz": ("anybody", {"200"}),
    "GET /readyz": ("anybody", {"200"}),
    "GET /metrics": ("anybody", {"200"}),
    "GET /v1/openapi.json": ("anybody", {"200"}),
    "GET /v1/asyncapi.json": ("anybody", {"200"}),
    "GET /": ("anybody", {"200"}),
}


def test_it_is_an_openapi_document() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_reference_points_at_something() -> None:
    for reference in references(DOCUMENT):
        resolve(DOCUMENT, reference)


def test_every_schema_and_every_problem_is_used() -> None:
    used = set(references(DOCUMENT))
    for kind in ("schemas", "responses"):
        assert {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} <= used


def test_it_has_the_calls_of_the_contract() -> None:
    assert set(OPERATIONS) == set(CONTRACT)


@pytest.mark.parametrize("call", CONTRACT)
def test_a_call_says_who_may_and_how_it_is_answered(call: str) -> None:
    who, answers = CONTRACT[call]
    operation = OPERATIONS[call]
    assert operation["security"] == ([] if who == "anybody" else [{who: []}])
    assert {status for status in operation["responses"] if status.startswith("2")} == answers
    for status in operation["responses"]:
        if status == "204":
            assert "content" not in operation["responses"][status]


@pytest.mark.parametrize("call", [call for call, (who, _) in CONTRACT.items() if who != "anybody"])
def test_whoever_must_say_who_they_are_may_be_refused(call: str) -> None:
    assert "401" in OPERATIONS[call]["responses"]
    if CONTRACT[call][0] == "adminKey":
        assert "404" in OPERATIONS[call]["responses"]


@pytest.mark.parametrize("call", CONTRACT)
def test_every_call_has_a_name_of_its_own_and_its_parameters(call: str) -> None:
    operation = OPERATIONS[call]
    assert sum(other["operationId"] == operation["operationId"] for other in OPERATIONS.values()) == 1
    in_path = {given["name"] for given in operation.get("parameters", []) if given["in"] == "path"}
    assert all(f"{{{name}}}" in call for name in in_path)
    assert call.count("{") == len(in_path)


@pytest.mark.parametrize("call", ["GET /v1/following", "GET /v1/followers"])
def test_a_list_has_pages(call: str) -> None:
    parameters = {given["name"]: given for given in OPERATIONS[call]["parameters"]}
    assert set(parameters) == {"cursor", "limit"}
    limit = parameters["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)


def test_every_problem_has_a_code_of_the_contract_and_tells_when_waiting_helps() -> None:
    assert {code for code, _ in PROBLEMS.values()} <= {*Code, *HttpCode}
    for response in DOCUMENT["components"]["responses"].values():
        assert set(response["content"]) == {"application/problem+json"}
        assert "Retry-After" in response["headers"]


EXAMPLES: list[Any] = [
    bodies.SignUp(user="bob", password="secret", name="Bob"),
    bodies.SignUp(user="bob", password="secret"),
    bodies.LogIn(user="bob", password="secret"),
    bodies.TokenGrant(user="bob", token="a.b.c", expires_at=1_764_000_000_000),
    bodies.TokenRequest(),
    bodies.TokenRequest(ttl=60),
    bodies.PersonChange(),
    bodies.PersonChange(name="Bob", dm_policy="mutuals", knocks=True, read_receipts=False),
    bodies.PersonView(user="bob", name="Bob", dm_policy="anyone", knocks=False, read_receipts=True),
    bodies.UserPage(users=["alice", "bob"], next=None),
    bodies.UserPage(users=[], next="bob"),
    bodies.Problem(title="Too Many Requests", status=429, code="rate_limited", detail="slow", retry_after=1.5),
]


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: type(body).__name__)
def test_what_the_types_write_the_schemas_allow(body: Any) -> None:
    schema = validator(DOCUMENT, type(body).__name__)
    assert [error.message for error in schema.iter_errors(json.loads(msgspec.json.encode(body)))] == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("SignUp", {"user": "bob"}),
        ("SignUp", {"user": "bob smith", "password": "x"}),
        ("LogIn", {"user": "bob", "password": ""}),
        ("TokenRequest", {"ttl": 0}),
        ("PersonChange", {"dm_policy": "friends"}),
        ("UserPage", {"users": []}),
        ("Problem", {"title": "x", "status": 404}),
    ],
)
def test_what_the_types_refuse_the_schemas_refuse(name: str, body: Any) -> None:
    assert not validator(DOCUMENT, name).is_valid(body)
