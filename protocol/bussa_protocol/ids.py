"""Identifiers, numbers and texts of the contract, as types with their bounds.

Every alias is an ``Annotated`` type, which msgspec enforces when it decodes.
"""

import re
from typing import Annotated, Literal

from msgspec import Meta

from bussa_protocol import limits

# ``\Z`` and not ``$``, which also matches before a trailing line feed.
USER_PATTERN = r"^[A-Za-z0-9_.:-]{1,64}\Z"

UserId = Annotated[str, Meta(pattern=USER_PATTERN, description="A user id: [A-Za-z0-9_.:-]{1,64}.")]
RequestId = Annotated[
    int, Meta(ge=1, le=limits.REQUEST_ID_MAX, description="Chosen by the client; the reply carries the same.")
]
N = Annotated[int, Meta(ge=1, le=limits.INT_MAX, description="The number of a message in its conversation, from 1.")]
Seq = Annotated[
    int,
    Meta(ge=0, le=limits.INT_MAX, description="The number of an event in its user's log, from 1; 0: before the first."),
]
Millis = Annotated[int, Meta(ge=0, description="Milliseconds since 1970 UTC.")]

Text = Annotated[str, Meta(min_length=1, max_length=limits.TEXT, description="The text of a message.")]
Nonce = Annotated[
    str, Meta(min_length=1, max_length=limits.NONCE, description="Chosen by the sender; makes a send safe to retry.")
]
PageSize = Annotated[int, Meta(ge=1, le=limits.PAGE_MAX, description="The maximum number of entries on the page.")]
PageCursor = Annotated[
    str, Meta(min_length=1, max_length=limits.CURSOR, description="Where the next page begins: the `next` of a reply.")
]

Policy = Literal["anyone", "followers", "following", "mutuals", "nobody"]
"""Whose messages are delivered to the inbox (contract, *Who may write to whom*, line 4)."""

Folder = Literal["inbox", "requests", "declined"]
ReportReason = Literal["spam", "abuse", "other"]
CanMessage = Literal["yes", "knock", "no"]

_USER_RE = re.compile(USER_PATTERN)


def is_user_id(value: str) -> bool:
    """Whether ``value`` is a valid user id."""
    return _USER_RE.match(value) is not None
