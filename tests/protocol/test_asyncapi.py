"""The AsyncAPI document is valid, complete, and says of every vector what the codecs say."""

import json
import typing
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from bussa_protocol import version
from bussa_protocol.asyncapi import asyncapi_document, message_name
from bussa_protocol.codec import JSON
from bussa_protocol.codes import Close, Code
from bussa_protocol.frames import Request, ServerFrame, replies
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from tests.protocol.documents import references, resolve, validator
from tests.protocol.strategies import EVENTS, REPLIES, REQUESTS
from tests.protocol.vectors import Entry, load, name

DOCUMENT = asyncapi_document()
VALIDATORS = {schema: validator(DOCUMENT, schema) for schema in DOCUMENT["components"]["schemas"]}
SUFFIXES = {"requests.json": "Request", "replies.json": "Reply", "events.json": "Event"}
VALID = [
    pytest.param(entry["frame"]["type"].capitalize() + suffix, entry, id=f"{file}: {entry['name']}")
    for file, suffix in SUFFIXES.items()
    for entry in load(file)
]
# What a JSON Schema can't refuse: to it 7.0 is the integer 7; and Python's `$`, unlike that of
# ECMA-262, which JSON Schema speaks, matches before a line feed at the end.
BEYOND_SCHEMAS = {"id: a whole float", "send: a user id with a line feed at its end"}
INVALID = [
    entry for entry in load("invalid_json.json") if "error" in entry["then"] and entry["name"] not in BEYOND_SCHEMAS
]


def test_it_is_an_asyncapi_document() -> None:
    schema = json.loads((Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(DOCUMENT)] == []


def test_every_reference_points_at_something() -> None:
    for reference in references(DOCUMENT):
        resolve(DOCUMENT, reference)


def test_every_frame_is_a_message_of_the_socket_and_of_an_operation() -> None:
    frames = {message_name(frame) for union in (Request, Reply, Event) for frame in typing.get_args(union)}
    assert set(DOCUMENT["channels"]["socket"]["messages"]) == frames
    assert set(DOCUMENT["components"]["messages"]) == frames
    used = {reference.rpartition("/")[2] for reference in references(DOCUMENT["operations"])} - {"socket"}
    assert used == frames


def test_every_request_but_typing_says_how_it_is_answered() -> None:
    unanswered = {
        name
        for name, operation in DOCUMENT["operations"].items()
        if operation["action"] == "receive" and "reply" not in operation
    }
    assert unanswered == {"typing"}
    for operation in DOCUMENT["operations"].values():
        if "reply" in operation:
            answers = [reference.rpartition("/")[2] for reference in references(operation["reply"]["messages"])]
            assert len(answers) == 2
            assert answers[1] == "ErrorReply"


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("hello", "WelcomeReply"),
        ("send", "SentReply"),
        ("history", "HistoryReply"),
        ("conversations", "ConversationsReply"),
        ("settings", "SettingsReply"),
        ("profile", "ProfileReply"),
        ("search", "SearchReply"),
        ("sync", "SyncReply"),
        ("ping", "PongReply"),
        *[
            (act, "OkReply")
            for act in ("read", "accept", "decline", "block", "unblock", "mute", "unmute", "report", "refresh")
        ],
    ],
)
def test_the_table_of_requests(request_: str, reply: str) -> None:
    operation = DOCUMENT["operations"][request_]
    assert operation["reply"]["messages"][0] == {"$ref": f"#/channels/socket/messages/{reply}"}


def test_what_only_people_need_is_there() -> None:
    assert [known["name"] for known in DOCUMENT["x-subprotocols"]] == list(version.KNOWN)
    assert {close["code"] for close in DOCUMENT["x-close-codes"]} == set(Close)
    codes = DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]
    assert sorted(error["code"] for error in DOCUMENT["x-error-codes"]) == sorted(codes)
    assert set(codes) == {
        Code.BAD_REQUEST,
        Code.NOT_ALLOWED,
        Code.AWAITING_ACCEPTANCE,
        Code.NOT_FOUND,
        Code.CONFLICT,
        Code.RATE_LIMITED,
        Code.UNAVAILABLE,
    }


@pytest.mark.parametrize(("schema", "entry"), VALID)
def test_a_valid_vector_is_valid(schema: str, entry: Entry) -> None:
    assert [error.message for error in VALIDATORS[schema].iter_errors(entry["frame"])] == []


@pytest.mark.parametrize("entry", INVALID, ids=name)
def test_an_invalid_vector_is_no_request(entry: Entry) -> None:
    frame = json.loads(entry["text"])
    assert [
        schema for schema, check in VALIDATORS.items() if schema.endswith("Request") and check.is_valid(frame)
    ] == []


# The events of a sync are carried, not typed; the vectors have some.
@given(frame=REQUESTS | REPLIES.filter(lambda reply: not isinstance(reply, replies.Sync)) | EVENTS)
def test_whatever_the_types_allow_the_schemas_allow(frame: Request | ServerFrame) -> None:
    plain = json.loads(JSON.encode(frame))
    assert [error.message for error in VALIDATORS[message_name(type(frame))].iter_errors(plain)] == []


def test_the_document_is_made_anew() -> None:
    asyncapi_document()["info"]["title"] = "another"
    assert asyncapi_document() == DOCUMENT
