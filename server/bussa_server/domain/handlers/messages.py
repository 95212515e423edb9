"""Sending a message, and marking messages as read."""

from bussa_protocol.frames import events, requests
from bussa_protocol.ids import Folder
from bussa_server.domain.handlers.refusals import AWAITING, CONFLICT, NO_MESSAGE, NO_USER, NOT_ALLOWED, SELF
from bussa_server.domain.handlers.registry import handles
from bussa_server.domain.handlers.shared import append, next_seq, resolve_conversation
from bussa_server.domain.policy import Facts, Placement, decide, may_see_read_receipt
from bussa_server.domain.principal import Principal
from bussa_server.domain.unit_of_work import (
    Done,
    Entry,
    IdempotencyRecord,
    MessageSent,
    NewEntry,
    NewMessage,
    Outcome,
    UnitOfWork,
    content_digest,
)
from bussa_server.domain.users import Conversation, Participant, User

_REFUSALS = {Placement.REFUSED: NOT_ALLOWED, Placement.AWAITING: AWAITING}
_FOLDER: dict[Placement, Folder] = {Placement.INBOX: "inbox", Placement.REQUESTS: "requests"}


@handles(requests.SendRequest, peer="to")
def send(uow: UnitOfWork, principal: Principal, request: requests.SendRequest, now: int) -> Outcome:
    user, to = principal.user, request.to
    if user == to:
        return SELF
    record = uow.idempotency_records.get((user, request.nonce))
    if record is not None:
        same = record.digest == content_digest(to, request.text, request.reply_to)
        return Outcome(record.sent) if same else CONFLICT
    sender, recipient = uow.users.get(user), uow.users.get(to)
    if sender is None or recipient is None:
        return NO_USER
    conversation = uow.conversation(user, to)
    mine, theirs = conversation.participants(user)
    placement = decide(Facts(mine, theirs, recipient.settings)).placement
    if placement in _REFUSALS:
        return _REFUSALS[placement]
    if request.reply_to is not None and request.reply_to > conversation.last_n:
        return NO_MESSAGE
    return _append_message(uow, request, sender, recipient, conversation, _FOLDER[placement], now)


def _append_message(
    uow: UnitOfWork,
    request: requests.SendRequest,
    sender: User,
    recipient: User,
    conversation: Conversation,
    folder: Folder,
    now: int,
) -> Outcome:
    """Number an allowed message and append it to both logs."""
    mine, theirs = conversation.participants(sender.id)
    text, reply_to = request.text, request.reply_to
    n = conversation.last_n + 1
    first = mine.sent_count == 0
    mine.sent_count += 1
    if first or mine.folder != "inbox" or mine.refused:
        # The sender keeps the conversation in the inbox; a reply accepts the peer.
        mine.folder, mine.refused = "inbox", False
        uow.touch(mine)
    if theirs.folder != folder:
        theirs.folder = folder
        uow.touch(theirs)
    message = NewMessage(conversation, n, mine.sent_count, sender.id, folder, now, reply_to, text)
    uow.messages.append(message)

    to_sender = events.MessageEvent(
        seq=next_seq(sender),
        peer=recipient.id,
        n=n,
        sender=sender.id,
        text=text,
        at=now,
        folder=folder,
        reply_to=reply_to,
    )
    to_recipient = events.MessageEvent(
        seq=next_seq(recipient),
        peer=sender.id,
        n=n,
        sender=sender.id,
        text=text,
        at=now,
        folder=folder,
        reply_to=reply_to,
    )
    _move_to_top(uow, sender, mine, to_sender.seq)
    _move_to_top(uow, recipient, theirs, to_recipient.seq)
    digest = content_digest(recipient.id, text, reply_to)
    uow.entries.append(NewEntry(sender, now, recipient.id, to_sender, message, request.nonce, digest))
    uow.entries.append(NewEntry(recipient, now, sender.id, to_recipient, message, None))
    sent = MessageSent(recipient.id, n, to_sender.seq, now, folder)
    uow.idempotency_records[sender.id, request.nonce] = IdempotencyRecord(digest, sent)
    return Outcome(sent, (Entry(sender.id, to_sender), Entry(recipient.id, to_recipient)))


def _move_to_top(uow: UnitOfWork, owner: User, participant: Participant, seq: int) -> None:
    """Move the conversation to the top of its owner's list. Usually it is there already, which costs nothing."""
    if owner.top_peer != participant.peer:
        owner.top_peer = participant.peer
        participant.sort_seq = seq
        uow.touch(participant)


@handles(requests.ReadRequest, peer="peer")
def mark_read(uow: UnitOfWork, principal: Principal, request: requests.ReadRequest, now: int) -> Outcome:
    found = resolve_conversation(uow, principal.user, request.peer)
    if isinstance(found, Outcome):
        return found
    reader, peer, conversation = found
    if request.n > conversation.last_n:
        return NO_MESSAGE
    mine, theirs = conversation.participants(reader.id)
    entries: list[Entry] = []
    seq = None
    if request.n > mine.read:
        mine.read = request.n
        uow.touch(mine)
        seq = next_seq(reader)
        event = events.ReadEvent(seq=seq, peer=peer.id, by=reader.id, n=request.n)
        entries.append(append(uow, reader, peer.id, event, now))
    # Compared with what the peer was told, not with the reader's own mark: reads from before the peer was
    # accepted are told by the first mark after it.
    may_see = may_see_read_receipt(decide(Facts(theirs, mine, reader.settings)), reader.settings)
    if may_see and mine.read > theirs.peer_read:
        theirs.peer_read = mine.read
        uow.touch(theirs)
        event = events.ReadEvent(seq=next_seq(peer), peer=reader.id, by=reader.id, n=mine.read)
        entries.append(append(uow, peer, reader.id, event, now))
    return Outcome(Done(seq), tuple(entries))
