"""The generated frames of the JavaScript SDK."""

import typing
from pathlib import Path

import pytest
from msgspec import Struct

from bussa_protocol.codes import CloseReason, ErrorCode, HttpCode
from bussa_protocol.frames import Request
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from bussa_protocol.ids import Folder, N, Seq
from bussa_protocol.javascript import generate
from bussa_protocol.javascript.checks import frame_checks, shared_checks
from bussa_protocol.javascript.contract import structs
from bussa_protocol.javascript.typedefs import struct_typedefs

FRAMES_JS = Path(__file__).parents[2] / "web" / "sdk" / "frames.js"


class Part(Struct, omit_defaults=True):
    """What ``it`` is."""

    of: Folder
    note: str | None = None


class Frame(Struct, tag_field="type", tag="frame", omit_defaults=True, rename={"sender": "from"}):
    seq: Seq
    parts: list[Part]
    sender: str | None
    kind: typing.Literal["b", "a"]
    n: N | None = None
    loud: bool = False
    more: typing.Any = None


class Always(Struct):
    loud: bool = False


class Unknown(Struct, tag_field="type", tag="unknown"):
    raw: dict[str, int]


def test_checked_in_file_is_up_to_date() -> None:
    assert FRAMES_JS.read_text(encoding="utf-8") == generate(), "run: make sdk"


@pytest.mark.parametrize("frame", typing.get_args(Request | Reply | Event), ids=lambda frame: frame.__name__)
def test_each_frame_has_a_typedef(frame: type) -> None:
    assert f"@typedef {{object}} {frame.__name__}\n" in generate()


def test_each_error_and_close_code_is_included() -> None:
    text = generate()
    assert [code for code in (*ErrorCode, *HttpCode) if f'"{code.value}"' not in text] == []
    assert [code for code in CloseReason if f"    {int(code)}: " not in text] == []


def test_field_omitted_by_the_server_is_optional_and_not_nullable() -> None:
    typedef, part = struct_typedefs([Frame, Part])
    assert '@property {"frame"} type\n' in typedef
    assert "@property {number} seq A number in a user's log" in typedef
    assert "@property {Part[]} parts\n" in typedef
    assert "@property {string | null} from\n" in typedef
    assert '@property {"a" | "b"} kind\n' in typedef
    assert "@property {number} [n] A message's number" in typedef
    assert "@property {boolean} [loud]\n" in typedef
    assert "@property {unknown} [more]\n" in typedef
    assert part.startswith("/**\n * What `it` is.\n *\n * @typedef {object} Part\n")


def test_field_with_a_default_that_is_always_sent_is_optional_in_requests_only() -> None:
    (reply,), (request,) = struct_typedefs([Always]), struct_typedefs([Always], inputs=[Always])
    assert "@property {boolean} loud\n" in reply
    assert "@property {boolean} [loud]\n" in request


def test_nullable_field_of_a_request_is_nullable() -> None:
    (typedef,) = struct_typedefs([Frame], inputs=[Frame])
    assert "@property {number | null} [n] " in typedef


def test_checks_follow_the_types() -> None:
    assert list(shared_checks(structs([Frame]).values())) == [
        'const Folder = is.oneOf("inbox", "requests", "declined");\n',
        "const Part = is.object({\n    of: Folder,\n    note: is.optional(is.string),\n});\n",
    ]
    assert frame_checks("FRAMES", [Frame]).splitlines()[2:-2] == [
        "        frame: is.object({",
        "            seq: is.natural,",
        "            parts: is.listOf(Part),",
        "            from: is.nullable(is.string),",
        '            kind: is.oneOf("a", "b"),',
        "            n: is.optional(is.natural),",
        "            loud: is.optional(is.boolean),",
        "            more: is.optional(is.anything),",
        "        }),",
    ]


def test_type_without_a_javascript_counterpart_raises() -> None:
    with pytest.raises(TypeError, match="no JavaScript type"):
        list(struct_typedefs([Unknown]))
    with pytest.raises(TypeError, match="no JavaScript check"):
        frame_checks("FRAMES", [Unknown])
