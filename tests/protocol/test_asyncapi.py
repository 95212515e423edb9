"""The AsyncAPI document is valid and complete, and its schemas accept what the types accept."""

import json
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from bussa_protocol import version
from bussa_protocol.asyncapi import asyncapi_document
from bussa_protocol.codec import JSON
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_protocol.frames import Request, ServerFrame, replies
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from tests.protocol.documents import all_references, resolve_reference, validator
from tests.protocol.strategies import EVENTS, REPLIES, REQUESTS
from tests.protocol.vectors import Entry, entry_name, load_vectors

DOCUMENT = asyncapi_document()
VALIDATORS = {schema: validator(DOCUMENT, schema) for schema in DOCUMENT["components"]["schemas"]}
FRAMES = {"requests.json": Request, "replies.json": Reply, "events.json": Event}
CLASSES: dict[tuple[str, str], type[msgspec.Struct]] = {
    (file, str(cls.__struct_config__.tag)): cls for file, union in FRAMES.items() for cls in typing.get_args(union)
}
VALID = [
    pytest.param(CLASSES[file, entry["frame"]["type"]], entry, id=f"{file}: {entry['name']}")
    for file in FRAMES
    for entry in load_vectors(file)
]
# JSON Schema can't refuse these: it takes 7.0 for the integer 7, and Python's `$`, unlike that of ECMA-262, matches
# before a trailing line feed.
NOT_EXPRESSIBLE = {"id: a float of integer value", "send: user id with a trailing line feed"}
INVALID = [
    entry
    for entry in load_vectors("invalid_json.json")
    if "error" in entry["then"] and entry["name"] not in NOT_EXPRESSIBLE
]


def test_document_validates_against_asyncapi_3() -> None:
    meta_schema = json.loads((Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(meta_schema).iter_errors(DOCUMENT)] == []


def test_references_resolve() -> None:
    for reference in all_references(DOCUMENT):
        resolve_reference(DOCUMENT, reference)


def test_each_frame_is_a_channel_message_and_in_an_operation() -> None:
    frames = {frame.__name__ for union in (Request, Reply, Event) for frame in typing.get_args(union)}
    assert set(DOCUMENT["channels"]["socket"]["messages"]) == frames
    assert set(DOCUMENT["components"]["messages"]) == frames
    used = {reference.rpartition("/")[2] for reference in all_references(DOCUMENT["operations"])} - {"socket"}
    assert used == frames


def test_each_request_but_typing_declares_its_reply() -> None:
    unanswered = {
        name
        for name, operation in DOCUMENT["operations"].items()
        if operation["action"] == "receive" and "reply" not in operation
    }
    assert unanswered == {"typing"}
    for operation in DOCUMENT["operations"].values():
        if "reply" in operation:
            answers = [reference.rpartition("/")[2] for reference in all_references(operation["reply"]["messages"])]
            assert len(answers) == 2
            assert answers[1] == "ErrorReply"


def test_each_request_and_event_has_a_sentence_as_its_summary() -> None:
    messages = DOCUMENT["components"]["messages"]
    summaries = {frame.__name__: messages[frame.__name__]["summary"] for frame in typing.get_args(Request | Event)}
    assert [name for name, summary in summaries.items() if not summary.endswith(".") or "``" in summary] == []
    operations = {name: given["summary"] for name, given in DOCUMENT["operations"].items() if name != "tell"}
    assert operations == {
        str(frame.__struct_config__.tag): summaries[frame.__name__] for frame in typing.get_args(Request)
    }


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
            (name, "OkReply")
            for name in ("read", "accept", "decline", "block", "unblock", "mute", "unmute", "report", "refresh")
        ],
    ],
)
def test_operation_declares_the_reply_of_the_contract(request_: str, reply: str) -> None:
    operation = DOCUMENT["operations"][request_]
    assert operation["reply"]["messages"][0] == {"$ref": f"#/channels/socket/messages/{reply}"}


def test_document_lists_subprotocols_close_and_error_codes() -> None:
    assert [known["name"] for known in DOCUMENT["x-subprotocols"]] == list(version.KNOWN)
    assert {close["code"] for close in DOCUMENT["x-close-codes"]} == set(CloseReason)
    codes = DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]
    assert sorted(error["code"] for error in DOCUMENT["x-error-codes"]) == sorted(codes)
    assert set(codes) == {
        ErrorCode.BAD_REQUEST,
        ErrorCode.NOT_ALLOWED,
        ErrorCode.AWAITING_ACCEPTANCE,
        ErrorCode.NOT_FOUND,
        ErrorCode.CONFLICT,
        ErrorCode.RATE_LIMITED,
        ErrorCode.UNAVAILABLE,
    }


@pytest.mark.parametrize(("frame_class", "entry"), VALID)
def test_valid_vector_passes_its_schema(frame_class: type, entry: Entry) -> None:
    assert [error.message for error in VALIDATORS[frame_class.__name__].iter_errors(entry["frame"])] == []


def damaged_frames(frame: Entry) -> Iterator[Entry]:
    """``frame`` with each field but its type missing, mistyped and out of range."""
    for field in frame.keys() - {"type"}:
        yield {name: value for name, value in frame.items() if name != field}
        yield frame | {field: {"wrong": []}}
        yield frame | {field: -1}


def is_allowed(frame_class: type, frame: Entry) -> bool:
    try:
        msgspec.convert(frame, frame_class)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(("frame_class", "entry"), VALID)
def test_damaged_vector_is_refused_by_schema_and_type_alike(frame_class: type, entry: Entry) -> None:
    validator = VALIDATORS[frame_class.__name__]
    for damaged in damaged_frames(entry["frame"]):
        assert validator.is_valid(damaged) == is_allowed(frame_class, damaged), damaged


def test_most_damaged_vectors_are_refused() -> None:
    tried = [
        is_allowed(CLASSES[file, entry["frame"]["type"]], damaged)
        for file in FRAMES
        for entry in load_vectors(file)
        for damaged in damaged_frames(entry["frame"])
    ]
    assert tried.count(False) > len(tried) / 2


@pytest.mark.parametrize("entry", INVALID, ids=entry_name)
def test_invalid_vector_passes_no_request_schema(entry: Entry) -> None:
    frame = json.loads(entry["text"])
    assert [
        schema for schema, check in VALIDATORS.items() if schema.endswith("Request") and check.is_valid(frame)
    ] == []


# The events of a sync have no type; the vectors have some.
@given(frame=REQUESTS | REPLIES.filter(lambda reply: not isinstance(reply, replies.SyncReply)) | EVENTS)
def test_frame_of_the_types_passes_its_schema(frame: Request | ServerFrame) -> None:
    plain = json.loads(JSON.encode(frame))
    assert [error.message for error in VALIDATORS[type(frame).__name__].iter_errors(plain)] == []


def test_document_is_built_on_each_call() -> None:
    asyncapi_document()["info"]["title"] = "another"
    assert asyncapi_document() == DOCUMENT
