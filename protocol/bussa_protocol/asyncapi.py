"""The WebSocket API as an AsyncAPI 3.0 document, for readers and code generators in any language.

    channel     one: the socket
    messages    every frame, with its schema
    operations  one per request, with its replies; one for the events

The document is derived from the types. A summary is the first line of its class's docstring.
"""

from typing import Any

from bussa_protocol import limits, version
from bussa_protocol.codes import CloseReason, ErrorCode, reconnect_advice
from bussa_protocol.frames import EVENTS, REPLIES, REQUESTS, parts
from bussa_protocol.frames.base import ErrorReply, LogEventBase, ReplyWithId, RequestBase, RequestWithId
from bussa_protocol.schemas import Json, components, reference

CONTRACT_VERSION = "1.0.0"
"""The version of the contract. Fields may be added; nothing is renamed, removed or redefined."""

ERROR_SUMMARIES = {
    ErrorCode.BAD_REQUEST: "Unknown request, or a missing, mistyped or out-of-range field.",
    ErrorCode.NOT_ALLOWED: "Refused; byte for byte the same for policy, block, decline and report.",
    ErrorCode.AWAITING_ACCEPTANCE: "A knock is pending; further messages are refused until the recipient accepts.",
    ErrorCode.NOT_FOUND: "Unknown user, conversation or message.",
    ErrorCode.CONFLICT: "The nonce was used for another message.",
    ErrorCode.RATE_LIMITED: "Rate limit exceeded; `retry_after` says when to retry.",
    ErrorCode.UNAVAILABLE: "The store is unavailable. Nothing was committed, or the nonce makes a retry safe.",
}

_DESCRIPTION = f"""\
Direct messages, live on every device of a user. Every event of a user is appended to that user's log under a
`seq` (1, 2, 3 … without holes); what is pushed is the log, live.

The first frame is `hello`. A request carries an `id`; exactly one reply carries the same. Requests on one
connection are handled in the order sent. Unknown fields and unknown events must be ignored: they may be added.

Two subprotocols carry the same maps: `{version.MSGPACK}` (one MessagePack map per binary frame) and
`{version.JSON}` (one JSON object per text frame). The server chooses the first one of the client's list that it
supports. Without an offer it is JSON; an offer of unknown ones only is refused with 400.
"""


def asyncapi_document() -> Json:
    """A new document on each call, so that the caller may modify it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bussa",
            "version": CONTRACT_VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "plain": _server("ws", "127.0.0.1:8080"),
            "encrypted": _server("wss", "chat.example.com"),
        },
        "channels": {"socket": _channel()},
        "operations": {**_request_operations(), "tell": _event_operation()},
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "In the handshake's `Authorization` header, or as the `token` of `hello`.",
                }
            },
        },
        "x-subprotocols": [
            {"name": version.MSGPACK, "contentType": "application/msgpack", "frame": "binary"},
            {"name": version.JSON, "contentType": "application/json", "frame": "text"},
        ],
        "x-close-codes": [
            {"code": int(close), "reason": close.reason, "client": reconnect_advice(close).value}
            for close in CloseReason
        ],
        "x-error-codes": [
            {"code": code.value, "when": when, "worthRepeating": code.retryable}
            for code, when in ERROR_SUMMARIES.items()
        ],
        "x-limits": {
            "frameBytes": limits.FRAME,
            "textCharacters": limits.TEXT,
            "helloSeconds": limits.HELLO_SECONDS,
            "waitingBytes": limits.SEND_QUEUE_BYTES,
            "waitingSeconds": limits.SEND_QUEUE_SECONDS,
            "logEvents": limits.LOG_RETENTION_EVENTS,
            "logMilliseconds": limits.LOG_RETENTION_MILLIS,
        },
    }


def _frames() -> list[type]:
    return [*REQUESTS, *REPLIES, *EVENTS]


def _server(protocol: str, host: str) -> Json:
    return {
        "protocol": protocol,
        "host": "{host}",
        "variables": {"host": {"default": host, "description": "Host and port of the server."}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }


def _channel() -> Json:
    names = [frame.__name__ for frame in _frames()]
    return {
        "address": "/v1/socket",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": {
                        "Sec-WebSocket-Protocol": {
                            "type": "string",
                            "description": f"Any of {', '.join(version.KNOWN)}, in order of preference.",
                        },
                        "Authorization": {
                            "type": "string",
                            "description": "`Bearer TOKEN`; makes the token of `hello` optional.",
                        },
                    },
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _request_operations() -> Json:
    return {_tag(request): _operation(request) for request in REQUESTS}


def _operation(request: type[RequestBase]) -> Json:
    operation: Json = {
        "action": "receive",
        "channel": {"$ref": "#/channels/socket"},
        "summary": _summary(request),
        "messages": [_channel_message(request)],
    }
    if request.reply is not None:
        operation["reply"] = {
            "channel": {"$ref": "#/channels/socket"},
            "messages": [_channel_message(request.reply), _channel_message(ErrorReply)],
        }
    return operation


def _event_operation() -> Json:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/socket"},
        "summary": "The events of the user's log, live or replayed; each seq is one more than the one before.",
        "messages": [_channel_message(event) for event in EVENTS],
    }


def _channel_message(frame: type) -> Json:
    return {"$ref": f"#/channels/socket/messages/{frame.__name__}"}


def _messages() -> Json:
    return {frame.__name__: _message(frame) for frame in _frames()}


def _message(frame: type) -> Json:
    message: Json = {"name": _tag(frame), "payload": reference(frame.__name__)}
    if frame not in REPLIES:
        message["summary"] = _summary(frame)
    if frame is ErrorReply or issubclass(frame, RequestWithId | ReplyWithId):
        message["correlationId"] = {
            "location": "$message.payload#/id",
            "description": "A reply carries the id of its request.",
        }
    return message


def _schemas() -> Json:
    named: dict[str, Any] = {frame.__name__: frame for frame in _frames()}
    named |= {name: getattr(parts, name) for name in parts.__all__}
    named["ErrorCode"] = ErrorCode
    schemas = components(named)
    # The types can't express that these two are mutually exclusive.
    both = {"before": {"type": "integer"}, "after": {"type": "integer"}}
    schemas["HistoryRequest"]["not"] = {"properties": both, "required": list(both)}
    # The server carries events as encoded bytes, so the field's type does not name them.
    logged = [reference(event.__name__) for event in EVENTS if issubclass(event, LogEventBase)]
    schemas["SyncReply"]["properties"]["events"]["items"] = {"anyOf": logged}
    return schemas


def _tag(frame: Any) -> str:
    return frame.__struct_config__.tag


def _summary(frame: type) -> str:
    # Python's marks for code to Markdown's.
    return (frame.__doc__ or "").partition("\n")[0].replace("``", "`")
