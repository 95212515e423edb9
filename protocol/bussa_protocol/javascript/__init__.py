"""Generates ``web/sdk/frames.js``, the contract for the JavaScript SDK, from the types.

    python -m bussa_protocol.javascript web/sdk/frames.js    (`make sdk`)

    contract    the frames, and what msgspec knows of their types
    typedefs    JSDoc types of every frame and part; TypeScript checks the SDK against them
    checks      run-time validation of replies and events
    tables      retryable error codes, reconnect advice of close codes, limits

The output depends on the types alone. The file is checked in, and a test compares it with the output.
"""

from bussa_protocol.javascript.checks import frame_checks, shared_checks
from bussa_protocol.javascript.contract import contract, structs
from bussa_protocol.javascript.tables import tables
from bussa_protocol.javascript.typedefs import (
    enum_typedefs,
    literal_typedefs,
    reply_types_typedef,
    struct_typedefs,
    union_typedef,
)

_HEADER = """\
/**
 * The contract's frames, codes and limits. Generated from `protocol/` by `make sdk`: do not edit.
 *
 * Unknown fields are allowed and kept. A missing or mistyped field makes a frame invalid.
 */

import * as is from "./checks.js";
"""


def generate() -> str:
    """The text of ``frames.js``.

    Raises:
        TypeError: a field's type has no JavaScript counterpart.
    """
    frames = contract()
    from_client = structs(frames.requests)
    from_server = structs((*frames.replies, *frames.events))
    parts = [part.cls for part in {**from_client, **from_server}.values() if part.tag is None]
    sections = [
        _HEADER,
        "// Parts.\n",
        *literal_typedefs(),
        *enum_typedefs([*from_client.values(), *from_server.values()]),
        *struct_typedefs(parts, from_client.keys()),
        "// Requests.\n",
        *struct_typedefs(frames.requests, from_client.keys()),
        union_typedef("Request", frames.requests),
        "// Replies.\n",
        *struct_typedefs(frames.replies),
        union_typedef("Reply", frames.replies),
        reply_types_typedef(frames.reply_types),
        "// Events.\n",
        *struct_typedefs(frames.events),
        union_typedef("LogEvent", frames.log_events),
        union_typedef("Event", frames.events),
        "// Checks.\n",
        *shared_checks(from_server.values()),
        frame_checks("REPLIES", frames.replies),
        frame_checks("EVENTS", frames.events),
        "// Codes and limits.\n",
        *tables(),
    ]
    return "\n".join(sections)
