"""Requests (contract, section *Requests*).

Every request but ``hello`` and ``typing`` carries an ``id``; exactly one reply carries the same.
"""

from bussa_protocol.frames.base import RequestBase, RequestWithId
from bussa_protocol.frames.conversations import (
    AcceptRequest,
    ConversationsRequest,
    DeclineRequest,
    MuteRequest,
    UnmuteRequest,
)
from bussa_protocol.frames.messages import HistoryRequest, ReadRequest, SendRequest, TypingRequest
from bussa_protocol.frames.people import BlockRequest, ProfileRequest, ReportRequest, UnblockRequest
from bussa_protocol.frames.privacy import SettingsRequest
from bussa_protocol.frames.search import SearchRequest
from bussa_protocol.frames.session import HelloRequest, PingRequest, RefreshRequest, SyncRequest

__all__ = [
    "AcceptRequest",
    "BlockRequest",
    "ConversationsRequest",
    "DeclineRequest",
    "HelloRequest",
    "HistoryRequest",
    "MuteRequest",
    "PingRequest",
    "ProfileRequest",
    "ReadRequest",
    "RefreshRequest",
    "ReportRequest",
    "Request",
    "RequestBase",
    "RequestWithId",
    "SearchRequest",
    "SendRequest",
    "SettingsRequest",
    "SyncRequest",
    "TypingRequest",
    "UnblockRequest",
    "UnmuteRequest",
]

Request = (
    HelloRequest
    | TypingRequest
    | SendRequest
    | HistoryRequest
    | ConversationsRequest
    | ReadRequest
    | AcceptRequest
    | DeclineRequest
    | BlockRequest
    | UnblockRequest
    | MuteRequest
    | UnmuteRequest
    | ReportRequest
    | SettingsRequest
    | ProfileRequest
    | SearchRequest
    | SyncRequest
    | RefreshRequest
    | PingRequest
)
