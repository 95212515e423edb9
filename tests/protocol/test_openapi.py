"""The OpenAPI document is valid and complete, and its schemas accept what the types accept."""

import json
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from bussa_protocol import bodies
from bussa_protocol.openapi import PROBLEMS, openapi_document
from bussa_server.http.problems import ProblemError
from tests.protocol.documents import all_references, resolve_reference, validator

DOCUMENT = openapi_document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
# Contract, section HTTP: who may call, and the success statuses.
CONTRACT = {
    "POST /v1/accounts": ("public", {"201"}),
    "POST /v1/tokens": ("public", {"200"}),
    "DELETE /v1/sessions": ("token", {"204"}),
    "PUT /v1/following/{user}": ("token", {"204"}),
    "DELETE /v1/following/{user}": ("token", {"204"}),
    "GET /v1/following": ("token", {"200"}),
    "GET /v1/followers": ("token", {"200"}),
    "PUT /v1/users/{id}": ("adminKey", {"200", "201"}),
    "PUT /v1/users/{id}/following/{other}": ("adminKey", {"204"}),
    "DELETE /v1/users/{id}/following/{other}": ("adminKey", {"204"}),
    "POST /v1/users/{id}/tokens": ("adminKey", {"201"}),
    "GET /healthz": ("public", {"200"}),
    "GET /readyz": ("public", {"200"}),
    "GET /metrics": ("public", {"200"}),
    "GET /v1/openapi.json": ("public", {"200"}),
    "GET /v1/asyncapi.json": ("public", {"200"}),
    "GET /": ("public", {"200"}),
}
# Contract, section HTTP: the code under each status. (`conflict` is 409 as well, and no HTTP call is answered with it.)
PROBLEM_CODES = {
    401: "unauthenticated",
    404: "not_found",
    409: "taken",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    503: "unavailable",
}


def test_document_validates_as_openapi_3_1() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_references_resolve() -> None:
    for reference in all_references(DOCUMENT):
        resolve_reference(DOCUMENT, reference)


def test_schemas_and_problem_responses_are_all_used() -> None:
    used = set(all_references(DOCUMENT))
    for kind in ("schemas", "responses"):
        assert {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} <= used


def test_document_has_the_operations_of_the_contract() -> None:
    assert set(OPERATIONS) == set(CONTRACT)


@pytest.mark.parametrize("call", CONTRACT)
def test_operation_declares_security_and_success_responses(call: str) -> None:
    who, answers = CONTRACT[call]
    operation = OPERATIONS[call]
    assert operation["security"] == ([] if who == "public" else [{who: []}])
    assert {status for status in operation["responses"] if status.startswith("2")} == answers
    for status in operation["responses"]:
        if status == "204":
            assert "content" not in operation["responses"][status]


@pytest.mark.parametrize("call", [call for call, (who, _) in CONTRACT.items() if who != "public"])
def test_authenticated_operation_declares_401(call: str) -> None:
    assert "401" in OPERATIONS[call]["responses"]
    if CONTRACT[call][0] == "adminKey":
        assert "404" in OPERATIONS[call]["responses"]


@pytest.mark.parametrize("call", CONTRACT)
def test_operation_id_is_unique_and_path_parameters_are_declared(call: str) -> None:
    operation = OPERATIONS[call]
    assert sum(other["operationId"] == operation["operationId"] for other in OPERATIONS.values()) == 1
    in_path = {given["name"] for given in operation.get("parameters", []) if given["in"] == "path"}
    assert all(f"{{{name}}}" in call for name in in_path)
    assert call.count("{") == len(in_path)


@pytest.mark.parametrize("call", ["GET /v1/following", "GET /v1/followers"])
def test_list_operation_is_paged(call: str) -> None:
    parameters = {given["name"]: given for given in OPERATIONS[call]["parameters"]}
    assert set(parameters) == {"cursor", "limit"}
    limit = parameters["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)


def test_problem_codes_are_those_of_the_server() -> None:
    assert {status: code.value for status, (code, _) in PROBLEMS.items()} == PROBLEM_CODES
    for status, (code, _) in PROBLEMS.items():
        assert ProblemError(code, "").status == status


def test_problem_responses_have_a_code_and_retry_after() -> None:
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
    bodies.UserChange(),
    bodies.UserChange(name="Bob", dm_policy="mutuals", knocks=True, read_receipts=False),
    bodies.UserView(user="bob", name="Bob", dm_policy="anyone", knocks=False, read_receipts=True),
    bodies.UserPage(users=["alice", "bob"], next=None),
    bodies.UserPage(users=[], next="bob"),
    bodies.Problem(title="Too Many Requests", status=429, code="rate_limited", detail="slow", retry_after=1.5),
]


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: type(body).__name__)
def test_encoded_body_passes_its_schema(body: Any) -> None:
    schema = validator(DOCUMENT, type(body).__name__)
    assert [error.message for error in schema.iter_errors(json.loads(msgspec.json.encode(body)))] == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("SignUp", {"user": "bob"}),
        ("SignUp", {"user": "bob smith", "password": "x"}),
        ("LogIn", {"user": "bob", "password": ""}),
        ("TokenRequest", {"ttl": 0}),
        ("UserChange", {"dm_policy": "friends"}),
        ("UserPage", {"users": []}),
        ("Problem", {"title": "x", "status": 404}),
    ],
)
def test_body_refused_by_the_types_fails_its_schema(name: str, body: Any) -> None:
    assert not validator(DOCUMENT, name).is_valid(body)
