"""The WebSocket side of the contract as an AsyncAPI 3.0 document, for readers and generators in any language.

    channel     one: the socket
    messages    every frame, with its schema
    operations  one a request, with its replies; one for what the server tells of its own accord

Everything comes from the types; what only people need to know is said here, once.
"""

from typing import Any, NamedTuple

from bussa_protocol import limits, version
from bussa_protocol.codes import Close, Code, advice
from bussa_protocol.frames import events, parts, replies, requests
from bussa_protocol.schemas import Json, components, reference

CONTRACT = "1.0.0"
"""The version of the contract: fields may be added, nothing is renamed, removed or given another meaning."""


class Ask(NamedTuple):
    """A row of the contract's table of requests."""

    request: type[requests.Said]
    reply: type[replies.Answer] | None
    does: str


ASKS = (
    Ask(requests.Hello, replies.Welcome, "Say who is there, and where to go on; the first frame of a connection."),
    Ask(requests.Send, replies.Sent, "Write to a person."),
    Ask(requests.History, replies.History, "Read messages of a conversation."),
    Ask(requests.Conversations, replies.Conversations, "List conversations, newest first."),
    Ask(requests.Read, replies.Ok, "Everything up to a message has been read."),
    Ask(requests.Accept, replies.Ok, "Let in who knocked."),
    Ask(requests.Decline, replies.Ok, "Turn away who knocked, or whoever wrote."),
    Ask(requests.Block, replies.Ok, "Neither hear from a person nor write there."),
    Ask(requests.Unblock, replies.Ok, "Undo a block."),
    Ask(requests.Mute, replies.Ok, "Keep a conversation quiet."),
    Ask(requests.Unmute, replies.Ok, "Undo a mute."),
    Ask(requests.Report, replies.Ok, "Report a conversation or a message of it; and decline it."),
    Ask(requests.Settings, replies.Settings, "Read or set one's own door."),
    Ask(requests.Profile, replies.Profile, "See a person, and whether one may write there."),
    Ask(requests.Search, replies.Search, "Find messages of one's own conversations."),
    Ask(requests.Sync, replies.Sync, "Read events of one's own log."),
    Ask(requests.Refresh, replies.Ok, "Go on with a newer token."),
    Ask(requests.Ping, replies.Pong, "Is anybody there? And how far has the log come?"),
    Ask(requests.Typing, None, "Show the peer that one is writing. Fleeting: no id, no reply."),
)

TELLS: dict[type[events.Told], str] = {
    events.Message: "A message of a conversation, by either side.",
    events.Read: "One side has read up to a message.",
    events.Conversation: "What accept, decline, mute, block or report changed.",
    events.Settings: "The user's own door has changed.",
    events.Hidden: "In place of an event of a peer whom the user has blocked since.",
    events.Typing: "The peer is writing. Fleeting: no seq.",
}

ERRORS = {
    Code.BAD_REQUEST: "Not a known request; a missing, mistyped or out-of-range field.",
    Code.NOT_ALLOWED: "Refused; the same to the letter whether by policy, block, decline or report.",
    Code.AWAITING_ACCEPTANCE: "One message has knocked already; a further one waits until the recipient accepts.",
    Code.NOT_FOUND: "No such user, conversation or message.",
    Code.CONFLICT: "The nonce was used for another message.",
    Code.RATE_LIMITED: "Over a limit; `retry_after` says when.",
    Code.UNAVAILABLE: "The store is out of reach: nothing was committed, or the nonce makes it safe to ask again.",
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
            "version": CONTRACT,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "plain": _server("ws", "127.0.0.1:8080"),
            "encrypted": _server("wss", "chat.example.com"),
        },
        "channels": {"socket": _channel()},
        "operations": {**_asking(), "tell": _telling()},
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
            {"code": int(close), "reason": close.reason, "client": advice(close).value} for close in Close
        ],
        "x-error-codes": [
            {"code": code.value, "when": when, "worthRepeating": code.worth_repeating} for code, when in ERRORS.items()
        ],
        "x-limits": {
            "frameBytes": limits.FRAME,
            "textCharacters": limits.TEXT,
            "helloSeconds": limits.HELLO_SECONDS,
            "waitingBytes": limits.OUTBOX_BYTES,
            "waitingSeconds": limits.OUTBOX_SECONDS,
            "logEvents": limits.LOG_EVENTS,
            "logMilliseconds": limits.LOG_MILLIS,
        },
    }


def message_name(frame: type) -> str:
    """What a frame is called in the document: `SendRequest`, `SentReply`, `MessageEvent`."""
    kind = {requests.__name__: "Request", replies.__name__: "Reply", events.__name__: "Event"}[frame.__module__]
    return frame.__name__ + kind


def _frames() -> list[type]:
    answers = [ask.reply for ask in ASKS if ask.reply is not None]
    return [*(ask.request for ask in ASKS), *dict.fromkeys(answers), replies.Error, *TELLS]


def _server(protocol: str, host: str) -> Json:
    return {
        "protocol": protocol,
        "host": "{host}",
        "variables": {"host": {"default": host, "description": "Where this server is reached."}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }


def _channel() -> Json:
    names = [message_name(frame) for frame in _frames()]
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


def _asking() -> Json:
    return {_tag(ask.request): _operation(ask) for ask in ASKS}


def _operation(ask: Ask) -> Json:
    operation: Json = {
        "action": "receive",
        "channel": {"$ref": "#/channels/socket"},
        "summary": ask.does,
        "messages": [_of_channel(ask.request)],
    }
    if ask.reply is not None:
        operation["reply"] = {
            "channel": {"$ref": "#/channels/socket"},
            "messages": [_of_channel(ask.reply), _of_channel(replies.Error)],
        }
    return operation


def _telling() -> Json:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/socket"},
        "summary": "What happened to the user: the log, live or replayed, each seq one more than the one before.",
        "messages": [_of_channel(event) for event in TELLS],
    }


def _of_channel(frame: type) -> Json:
    return {"$ref": f"#/channels/socket/messages/{message_name(frame)}"}


def _messages() -> Json:
    summaries: dict[type, str] = {ask.request: ask.does for ask in ASKS}
    summaries |= TELLS
    return {message_name(frame): _message(frame, summaries.get(frame)) for frame in _frames()}


def _message(frame: type, summary: str | None) -> Json:
    message: Json = {"name": _tag(frame), "payload": reference(message_name(frame))}
    if summary is not None:
        message["summary"] = summary
    if frame is replies.Error or issubclass(frame, requests.Asked | replies.Answered):
        message["correlationId"] = {
            "location": "$message.payload#/id",
            "description": "A reply carries the id of its request.",
        }
    return message


def _schemas() -> Json:
    named: dict[str, Any] = {message_name(frame): frame for frame in _frames()}
    named |= {
        "Message": parts.Message,
        "Conversation": parts.Conversation,
        "Settings": parts.Settings,
        "SettingsChange": parts.SettingsChange,
        "Limits": parts.Limits,
        "ErrorCode": Code,
    }
    schemas = components(named)
    # What no type says: these two exclude each other.
    both = {"before": {"type": "integer"}, "after": {"type": "integer"}}
    schemas["HistoryRequest"]["not"] = {"properties": both, "required": list(both)}
    # Bytes are carried, not decoded, so the type says no more than that these are maps.
    logged = [reference(message_name(event)) for event in TELLS if event is not events.Typing]
    schemas["SyncReply"]["properties"]["events"]["items"] = {"anyOf": logged}
    return schemas


def _tag(frame: Any) -> str:
    return frame.__struct_config__.tag
