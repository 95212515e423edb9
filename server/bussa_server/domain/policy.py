"""Who may write to whom (contract, section of that name).

``decide`` is called inside the transaction that numbers and stores the message, on facts read in it.
"""

from enum import StrEnum

from msgspec import Struct

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import CanMessage
from bussa_server.domain.users import Participant


class Reason(StrEnum):
    """The reason of a verdict. For the recipient; never shown to the sender."""

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
    """All inputs of a decision. S is the sender, R the recipient."""

    sender: Participant
    """S's side of the conversation."""
    recipient: Participant
    """R's side of the conversation."""
    settings: Settings
    """R's settings."""


_BLOCKED = Verdict(Placement.REFUSED, Reason.BLOCKED)
_REFUSED = Verdict(Placement.REFUSED, Reason.REFUSED)
_ANSWER = Verdict(Placement.INBOX, Reason.ANSWER)
_ACCEPTED = Verdict(Placement.INBOX, Reason.ACCEPTED)
_POLICY = Verdict(Placement.INBOX, Reason.POLICY)
_KNOCK = Verdict(Placement.REQUESTS, Reason.KNOCK)
_WAITING = Verdict(Placement.AWAITING, Reason.WAITING)
_CLOSED = Verdict(Placement.REFUSED, Reason.CLOSED)


def decide(facts: Facts) -> Verdict:
    """Where a message from S to R goes: the first line of the contract that applies.

    Line 1 (S is R, or R does not exist) is checked by the caller, before there are facts.
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
    """Whether R's policy alone admits S (line 4). "S follows R" means that S is one of R's followers."""
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
    """The ``can_message`` of a profile; one value for every kind of refusal."""
    match verdict.placement:
        case Placement.INBOX:
            return "yes"
        case Placement.REQUESTS:
            return "knock"
        case Placement.AWAITING | Placement.REFUSED:
            return "no"


def may_see_read_receipt(verdict: Verdict, reader: Settings) -> bool:
    """Whether a sender gets the reader's read receipts: not while refused or waiting, and only if the reader allows it.

    ``verdict`` is the verdict on the sender's next message to the reader.
    """
    return verdict.placement is Placement.INBOX and reader.read_receipts


def may_see_typing(verdict: Verdict, writer: Participant) -> bool:
    """Whether the peer sees that ``writer``'s owner is typing.

    ``verdict`` is the verdict on the message being typed. A peer whose own message waits in the writer's
    requests folder, or whom the writer has refused, sees nothing.
    """
    return verdict.placement is Placement.INBOX and not writer.refused and writer.folder != "requests"
