"""Privacy settings: read, change, and the event of a change."""

from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType

from bussa_protocol.frames.base import LogEventBase, ReplyWithId, RequestWithId
from bussa_protocol.ids import Policy, Seq


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


class SettingsReply(ReplyWithId, frozen=True, tag="settings"):
    settings: Settings
    seq: Seq | None = None


class SettingsRequest(RequestWithId, frozen=True, tag="settings"):
    """Read or change the user's own privacy settings.

    ``set`` changes some; the reply has the result.
    """

    reply = SettingsReply

    set: SettingsChange | None = None


class SettingsEvent(LogEventBase, frozen=True, tag="settings"):
    """The user's privacy settings have changed."""

    author: ClassVar[str | None] = None

    settings: Settings
