"""The WebSocket side of the contract as an AsyncAPI 3.0 document, for readers and generators in any language.

    channel     one: the socket
    messages    every frame, with its schema
    operations  one a request, with its replies; one for what the server tells of its own accord

Everything comes from the types; what only people need to know is said here, once.
"""

from typing import Any, NamedTuple

from bussa_protocol import limits, version
from bussa_protocol.codes import CloseReason, ErrorCode, reconnect_advice
from bussa_protocol.frames import events, parts, replies, requests
from bussa_protocol.schemas import Json, components, reference

CONTRACT_VERSION = "1.0.0"
"""The version of the contract: fields may be added, nothing is renamed, removed or given another meaning."""


class Operation(NamedTuple):
    """A row of the contract's table of requests."""

    request: type[requests.RequestBase]
    reply: type[replies.ReplyBase] | None
    summary: str


OPERATIONS = (
    Operation(
        requests.HelloRequest,
        replies.WelcomeReply,
        "Say who is there, and where to go on; the first frame of a connection.",
    ),
    Operation(requests.SendRequest, replies.SentReply, "Write to a person."),
    Operation(requests.HistoryRequest, replies.HistoryReply, "Read messages of a conversation."),
    Operation(requests.ConversationsRequest, replies.ConversationsReply, "List conversations, newest first."),
    Operation(requests.ReadRequest, replies.OkReply, "Everything up to a message has been read."),
    Operation(requests.AcceptRequest, replies.OkReply, "Let in who knocked."),
    Operation(requests.DeclineRequest, replies.OkReply, "Turn away who knocked, or whoever wrote."),
    Operation(requests.BlockRequest, replies.OkReply, "Neither hear from a person nor write there."),
    Operation(requests.UnblockRequest, replies.OkReply, "Undo a block."),
    Operation(requests.MuteRequest, replies.OkReply, "Keep a conversation quiet."),
    Operation(requests.UnmuteRequest, replies.OkReply, "Undo a mute."),
    Operation(requests.ReportRequest, replies.OkReply, "Report a conversation or a message of it; and decline it."),
    Operation(requests.SettingsRequest, replies.SettingsReply, "Read or set one's own door."),
    Operation(requests.ProfileRequest, replies.ProfileReply, "See a person, and whether one may write there."),
    Operation(requests.SearchRequest, replies.SearchReply, "Find messages of one's own conversations."),
    Operation(requests.SyncRequest, replies.SyncReply, "Read events of one's own log."),
    Operation(requests.RefreshRequest, replies.OkReply, "Go on with a newer token."),
    Operation(requests.PingRequest, replies.PongReply, "Is anybody there? And how far has the log come?"),
    Operation(requests.TypingRequest, None, "Show the peer that one is writing. Fleeting: no id, no reply."),
)

EVENT_SUMMARIES: dict[type[events.EventBase], str] = {
    events.MessageEvent: "A message of a conversation, by either side.",
    events.ReadEvent: "One side has read up to a message.",
    events.ConversationEvent: "What accept, decline, mute, block or report changed.",
    events.SettingsEvent: "The user's own door has changed.",
    events.HiddenEvent: "In place of an event of a peer whom the user has blocked since.",
    events.TypingEvent: "The peer is writing. Fleeting: no seq.",
}

ERROR_SUMMARIES = {
    ErrorCode.BAD_REQUEST: "Not a known request; a missing, mistyped or out-of-range field.",
    ErrorCode.NOT_ALLOWED: "Refused; the same to the letter whether by policy, block, decline or report.",
    ErrorCode.AWAITING_ACCEPTANCE: "One message has knocked already; a further one waits until the recipient accepts.",
    ErrorCode.NOT_FOUND: "No such user, conversation or message.",
    ErrorCode.CONFLICT: "The nonce was used for another message.",
    ErrorCode.RATE_LIMITED: "Over a limit; `retry_after` says when.",
    ErrorCode.UNAVAILABLE: "The store is out of reach: nothing was committed, or the nonce makes it safe to ask again.",
}

_DESCRIPTION = f"""\
Direct messages, live on every device of a user. Everything that happens to a user is appended to that user's
log under a `seq` (1, 2, 3 … without holes); what is pushed is the log, live.

The first frame is `hello`. A request carries an `id`; exactly one reply carries the same. Requests on one
connection are carried out in the order sent. Unknown fields and unknown events are passed over: they may be added.

Two subprotocols carry the same maps: `{version.MSGPACK}` (a MessagePack map a binary frame) and
`{version.JSON}` (a JSON object a text frame). The first one of the client's list that the server knows is chosen;
with none offered it is JSON; with only unknown ones the handshake is refused with 400.
"""


def asyncapi_document() -> Json:
    """The document, made anew: the caller may add to it."""
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
    answers = [ask.reply for ask in OPERATIONS if ask.reply is not None]
    return [*(ask.request for ask in OPERATIONS), *dict.fromkeys(answers), replies.ErrorReply, *EVENT_SUMMARIES]


def _server(protocol: str, host: str) -> Json:
    return {
        "protocol": protocol,
        "host": "{host}",
        "variables": {"host": {"default": host, "description": "Where this server is reached."}},
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
                            "description": f"Any of {', '.join(version.KNOWN)}, the preferred one first.",
                        },
                        "Authorization": {"type": "string", "description": "`Bearer TOKEN`; then `hello` needs none."},
                    },
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _request_operations() -> Json:
    return {_tag(ask.request): _operation(ask) for ask in OPERATIONS}


def _operation(row: Operation) -> Json:
    operation: Json = {
        "action": "receive",
        "channel": {"$ref": "#/channels/socket"},
        "summary": row.summary,
        "messages": [_channel_message(row.request)],
    }
    if row.reply is not None:
        operation["reply"] = {
            "channel": {"$ref": "#/channels/socket"},
            "messages": [_channel_message(row.reply), _channel_message(replies.ErrorReply)],
        }
    return operation


def _event_operation() -> Json:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/socket"},
        "summary": "What happened to the user: the log, live or replayed, each seq one more than the one before.",
        "messages": [_channel_message(event) for event in EVENT_SUMMARIES],
    }


def _channel_message(frame: type) -> Json:
    return {"$ref": f"#/channels/socket/messages/{frame.__name__}"}


def _messages() -> Json:
    summaries: dict[type, str] = {ask.request: ask.summary for ask in OPERATIONS}
    summaries |= EVENT_SUMMARIES
    return {frame.__name__: _message(frame, summaries.get(frame)) for frame in _frames()}


def _message(frame: type, summary: str | None) -> Json:
    message: Json = {"name": _tag(frame), "payload": reference(frame.__name__)}
    if summary is not None:
        message["summary"] = summary
    if frame is replies.ErrorReply or issubclass(frame, requests.RequestWithId | replies.ReplyWithId):
        message["correlationId"] = {
            "location": "$message.payload#/id",
            "description": "A reply carries the id of its request.",
        }
    return message


def _schemas() -> Json:
    named: dict[str, Any] = {frame.__name__: frame for frame in _frames()}
    named |= {
        "Message": parts.Message,
        "Conversation": parts.Conversation,
        "Settings": parts.Settings,
        "SettingsChange": parts.SettingsChange,
        "Limits": parts.Limits,
        "ErrorCode": ErrorCode,
    }
    schemas = components(named)
    # What no type says: these two exclude each other.
    both = {"before": {"type": "integer"}, "after": {"type": "integer"}}
    schemas["HistoryRequest"]["not"] = {"properties": both, "required": list(both)}
    # Bytes are carried, not decoded, so the type says no more than that these are maps.
    logged = [reference(event.__name__) for event in EVENT_SUMMARIES if event is not events.TypingEvent]
    schemas["SyncReply"]["properties"]["events"]["items"] = {"anyOf": logged}
    return schemas


def _tag(frame: Any) -> str:
    return frame.__struct_config__.tag
