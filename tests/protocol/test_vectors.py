"""The codecs, and an independent MessagePack library, against every vector."""

import json
import typing

import msgpack
import msgspec
import pytest

from bussa_protocol import codec, codes, cursor, version
from bussa_protocol.frames import Request, events, replies, requests
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from bussa_server.lib.tokenizer import matches, tokenize, tokenize_query
from tests.protocol.vectors import FOLDER, Entry, entry_name, invalid_bytes, load_vectors

REQUESTS = load_vectors("requests.json")
REPLIES = load_vectors("replies.json")
EVENTS = load_vectors("events.json")
DIRECTIONS = {"requests": (REQUESTS, Request), "replies": (REPLIES, Reply), "events": (EVENTS, Event)}
VALID = [
    pytest.param(entry, kind, id=f"{direction}: {entry['name']}")
    for direction, (entries, kind) in DIRECTIONS.items()
    for entry in entries
]
INVALID = [
    pytest.param(known, entry, id=f"{known.name}: {entry['name']}")
    for known, file in ((codec.JSON, "invalid_json.json"), (codec.MSGPACK, "invalid_msgpack.json"))
    for entry in load_vectors(file)
]


def as_read(entry: Entry) -> Entry:
    return entry.get("as_read", entry["frame"])


@pytest.mark.parametrize(("entry", "kind"), VALID)
def test_valid_frame_is_the_same_in_each_encoding(entry: Entry, kind: typing.Any) -> None:
    packed = bytes.fromhex(entry["msgpack"])
    assert json.loads(entry["json"]) == entry["frame"]
    assert msgpack.unpackb(packed) == entry["frame"]
    frame = msgspec.convert(entry["frame"], kind)
    assert msgspec.json.decode(entry["json"], type=kind) == frame
    assert msgspec.msgpack.decode(packed, type=kind) == frame


@pytest.mark.parametrize(("entry", "kind"), VALID)
def test_valid_frame_round_trips(entry: Entry, kind: typing.Any) -> None:
    frame = msgspec.convert(entry["frame"], kind)
    assert json.loads(codec.JSON.encode(frame)) == as_read(entry)
    assert msgpack.unpackb(codec.MSGPACK.encode(frame)) == as_read(entry)


@pytest.mark.parametrize("entry", REQUESTS, ids=entry_name)
def test_request_is_read_from_alternative_encodings(entry: Entry) -> None:
    frame = msgspec.convert(entry["frame"], Request)
    for text in (entry["json"], *entry.get("also_json", [])):
        assert codec.JSON.decode(text.encode()) == frame
    for packed in (entry["msgpack"], *entry.get("also_msgpack", [])):
        assert codec.MSGPACK.decode(bytes.fromhex(packed)) == frame


@pytest.mark.parametrize(("known", "entry"), INVALID)
def test_invalid_frame_raises_as_the_vector_says(known: codec.Codec, entry: Entry) -> None:
    then = entry["then"]
    with pytest.raises(codec.FrameError) as caught:
        known.decode(invalid_bytes(entry))
    assert caught.value.undecodable == ("error" not in then)
    assert caught.value.id == then.get("id")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_each_frame_type_has_a_vector(direction: str) -> None:
    entries, kind = DIRECTIONS[direction]
    tags = {str(frame.__struct_config__.tag) for frame in typing.get_args(kind)}
    assert {entry["frame"]["type"] for entry in entries} == tags


def test_each_frame_field_has_a_vector() -> None:
    for entries, kind in DIRECTIONS.values():
        seen: dict[str, set[str]] = {}
        for entry in entries:
            seen.setdefault(entry["frame"]["type"], {"type"}).update(as_read(entry))
        for frame in typing.get_args(kind):
            fields = {field.encode_name for field in msgspec.structs.fields(frame)} | {"type"}
            assert seen[str(frame.__struct_config__.tag)] == fields, frame


def test_each_error_and_close_code_has_a_vector() -> None:
    in_vectors = {entry["frame"].get("code") for entry in REPLIES} - {None}
    assert in_vectors == set(codes.ErrorCode)
    assert {entry["code"] for entry in load_vectors("closes.json")} >= set(codes.CloseReason)


@pytest.mark.parametrize("entry", load_vectors("cursor.json"), ids=entry_name)
def test_cursor_step_is_that_of_the_vector(entry: Entry) -> None:
    assert cursor.step(entry["last"], entry["seq"]) is cursor.Step[entry["step"].upper()]


@pytest.mark.parametrize("entry", load_vectors("subprotocol.json"), ids=entry_name)
def test_subprotocol_choice_is_that_of_the_vector(entry: Entry) -> None:
    if "status" in entry:
        with pytest.raises(version.NoCommonSubprotocolError):
            version.choose(entry["offered"])
    else:
        chosen = version.choose(entry["offered"])
        assert chosen == entry["chosen"]
        assert codec.by_subprotocol(chosen) is {"json": codec.JSON, "msgpack": codec.MSGPACK}[entry["codec"]]


@pytest.mark.parametrize("entry", load_vectors("closes.json"), ids=entry_name)
def test_close_code_has_the_advice_of_the_vector(entry: Entry) -> None:
    assert codes.reconnect_advice(entry["code"]) is codes.ReconnectAdvice[entry["then"].upper()]


@pytest.mark.parametrize("entry", load_vectors("words.json"), ids=entry_name)
def test_text_has_the_words_of_the_vector_and_is_found_by_its_queries(entry: Entry) -> None:
    assert tokenize(entry["text"]) == entry["words"]
    found = [
        query for query in entry["found_by"] + entry["not_found_by"] if matches(tokenize_query(query), entry["text"])
    ]
    assert found == entry["found_by"]


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.json")))
def test_vector_names_are_unique_in_their_file(file: str) -> None:
    names = [entry["name"] for entry in load_vectors(file)]
    assert len(set(names)) == len(names)


def test_frame_unions_are_complete() -> None:
    def leaves(root: type) -> set[type]:
        # Other tests define events of their own.
        children = [child for child in root.__subclasses__() if child.__module__.startswith("bussa_protocol.")]
        return {root} if not children else {leaf for child in children for leaf in leaves(child)}

    assert set(typing.get_args(Request)) == leaves(requests.RequestBase)
    assert set(typing.get_args(Reply)) == leaves(replies.ReplyBase)
    assert set(typing.get_args(Event)) == leaves(events.EventBase)
