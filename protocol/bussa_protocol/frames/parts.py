"""What frames carry: a message, a conversation as one side sees it, the settings of a door."""

from msgspec import UNSET, Struct, UnsetType

from bussa_protocol.ids import Folder, Millis, N, Policy, UserId


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A map inside a frame. An optional field that is absent is left out on the wire."""


class Message(Part, frozen=True, rename={"sender": "from"}):
    """One message, as ``history``, ``last`` and ``hits`` show it.

    ``hidden`` (and then an empty ``text``) is a message of a peer whom the reader has blocked:
    its number keeps its place, nothing of what it said is shown.
    """

    peer: UserId
    n: N
    sender: UserId
    text: str
    at: Millis
    reply_to: N | None = None
    hidden: bool = False


class Conversation(Part, frozen=True):
    """A conversation as one of its sides sees it. ``read`` is its own mark (0: nothing read yet)."""

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
    """A user's door (contract, *Who may write to whom*)."""

    dm_policy: Policy = "followers"
    knocks: bool = False
    read_receipts: bool = True


class SettingsChange(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """Some of the settings. An unknown name is refused: silence would look like obedience."""

    dm_policy: Policy | UnsetType = UNSET
    knocks: bool | UnsetType = UNSET
    read_receipts: bool | UnsetType = UNSET


class Limits(Part, frozen=True):
    """What the server accepts: bytes of a frame, characters of a text."""

    frame: int
    text: int
