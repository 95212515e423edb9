"""Maps within frames: a message, a conversation as one participant sees it, the privacy settings."""

from msgspec import UNSET, Struct, UnsetType

from bussa_protocol.ids import Folder, Millis, N, Policy, UserId


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A map within a frame. Fields with their default are left out on the wire."""


class Message(Part, frozen=True, rename={"sender": "from"}):
    """A message in ``history``, ``last`` and ``hits``.

    ``hidden`` marks a message of a peer whom the reader has blocked: it keeps its ``n``, and its ``text`` is empty.
    """

    peer: UserId
    n: N
    sender: UserId
    text: str
    at: Millis
    reply_to: N | None = None
    hidden: bool = False


class Conversation(Part, frozen=True):
    """A conversation as one participant sees it. ``read`` is that participant's own mark (0: nothing read yet)."""

    peer: UserId
    last: Message
    unread: int
    read: int
    peer_read: N | None
    muted: bool
    folder: Folder
    blocked: bool
    name: str


class Settings(Struct, frozen=True, kw_only=True, gc=False):
    """The privacy settings of a user (contract, *Who may write to whom*)."""

    dm_policy: Policy = "followers"
    knocks: bool = False
    read_receipts: bool = True


class SettingsChange(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """A change of some settings. Unknown names are refused, since ignoring one would look like success."""

    dm_policy: Policy | UnsetType = UNSET
    knocks: bool | UnsetType = UNSET
    read_receipts: bool | UnsetType = UNSET


class Limits(Part, frozen=True):
    """Limits of the server: bytes of a frame, characters of a text."""

    frame: int
    text: int
