"""Search of the messages of one's own conversations."""

from typing import Annotated

from msgspec import Meta

from bussa_protocol import limits
from bussa_protocol.frames.base import ReplyWithId, RequestWithId
from bussa_protocol.frames.messages import Message
from bussa_protocol.ids import PageCursor, PageSize, UserId

SearchQuery = Annotated[str, Meta(min_length=1, max_length=limits.QUERY)]


class SearchReply(ReplyWithId, frozen=True, tag="search"):
    hits: list[Message]
    next: str | None


class SearchRequest(RequestWithId, frozen=True, tag="search"):
    """Search the messages of the user's own conversations."""

    reply = SearchReply

    query: SearchQuery
    peer: UserId | None = None
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE_DEFAULT
