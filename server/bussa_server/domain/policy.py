"""Who may write to whom (contract, section of that name).

``decide`` is called inside the transaction that numbers and stores the message, on facts read in it.
"""

from enum import StrEnum

from msgspec import Struct

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import CanMessage
from bussa_server.domain.users import Participant


class Reason(StrEnum):
    """Why; kept for the one whose door it is, never told to the one before it."""

    BLOCKED = "blocked"
    REFUSED = "refused"
    ANSWER = "answer"
    ACCEPTED = "accepted"
    POLICY = "policy"
    KNOCK = "knock"
    WAITING = "waiting"
    CLOSED = "closed"


class Placement(StrEnum):
    INBOX = "inbox"
    REQUESTS = "requests"
    AWAITING = "awaiting_acceptance"
    REFUSED = "not_allowed"


class Verdict(Struct, frozen=True, gc=False):
    placement: Placement
    reason: Reason


class Facts(Struct, frozen=True, gc=False):
    """All that a decision rests on. S writes, R receives."""

    sender: Participant
    """How S stands to R."""
    recipient: Participant
    """How R stands to S."""
    settings: Settings
    """R's."""


_BLOCKED = Verdict(Placement.REFUSED, Reason.BLOCKED)
_REFUSED = Verdict(Placement.REFUSED, Reason.REFUSED)
_ANSWER = Verdict(Placement.INBOX, Reason.ANSWER)
_ACCEPTED = Verdict(Placement.INBOX, Reason.ACCEPTED)
_POLICY = Verdict(Placement.INBOX, Reason.POLICY)
_KNOCK = Verdict(Placement.REQUESTS, Reason.KNOCK)
_WAITING = Verdict(Placement.AWAITING, Reason.WAITING)
_CLOSED = Verdict(Placement.REFUSED, Reason.CLOSED)


def decide(facts: Facts) -> Verdict:
    """Where a message of S to R goes, by the first line of the contract that holds.

    Line 1 (S is R, R does not exist) is checked before there are facts.
    """
    sender, recipient, settings = facts.sender, facts.recipient, facts.settings
    if recipient.blocked or sender.blocked:
        return _BLOCKED
    if recipient.refused:
        return _REFUSED
    if recipient.sent_count:
        return _ANSWER
    if recipient.accepted:
        return _ACCEPTED
    if policy_allows(facts):
        return _POLICY
    if settings.knocks:
        return _WAITING if recipient.folder == "requests" else _KNOCK
    return _CLOSED


def policy_allows(facts: Facts) -> bool:
    """Whether R's policy alone lets S in (line 4). S *follows* R: S is one of R's followers."""
    match facts.settings.dm_policy:
        case "anyone":
            return True
        case "followers":
            return facts.sender.follows
        case "following":
            return facts.recipient.follows
        case "mutuals":
            return facts.sender.follows and facts.recipient.follows
        case "nobody":
            return False


def can_message(verdict: Verdict) -> CanMessage:
    """What a profile says of the asker's chance; the same word for every kind of refusal."""
    match verdict.placement:
        case Placement.INBOX:
            return "yes"
        case Placement.REQUESTS:
            return "knock"
        case Placement.AWAITING | Placement.REFUSED:
            return "no"


def may_see_read_receipt(verdict: Verdict, reader: Settings) -> bool:
    """Whether a sender is told that R has read: not while refused or waiting, and only if R wants it.

    ``verdict`` is that of the sender's next message to the reader.
    """
    return verdict.placement is Placement.INBOX and reader.read_receipts


def may_see_typing(verdict: Verdict, writer: Participant) -> bool:
    """Whether the peer is told that ``writer``'s owner is typing.

    ``verdict`` is that of the message being typed. A peer who waits at the writer's door, or was
    refused there, learns nothing of the one behind it.
    """
    return verdict.placement is Placement.INBOX and not writer.refused and writer.folder != "requests"
