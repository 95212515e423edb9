"""Sending a message, and marking messages as read."""

from bussa_protocol.frames import events
from bussa_protocol.ids import Folder
from bussa_server.domain import commands
from bussa_server.domain.book import Book, Carried, Done, Entry, NewEntry, NewMessage, Posted, Prior
from bussa_server.domain.ledger.refusals import AWAITING, CONFLICT, NO_MESSAGE, NO_USER, NOT_ALLOWED, SELF
from bussa_server.domain.ledger.shared import append, conversation, number
from bussa_server.domain.people import Pair, Person, Side
from bussa_server.domain.policy import Facts, Outcome, decide, hears_reads

_REFUSED = {Outcome.REFUSED: NOT_ALLOWED, Outcome.AWAITING: AWAITING}
_FOLDER: dict[Outcome, Folder] = {Outcome.INBOX: "inbox", Outcome.REQUESTS: "requests"}


def send(book: Book, command: commands.Send, now: int) -> Carried:
    user, to = command.user, command.to
    if user == to:
        return SELF
    prior = book.priors.get((user, command.nonce))
    if prior is not None:
        same = prior.to == to and prior.text == command.text and prior.reply_to == command.reply_to
        return Carried(prior.posted) if same else CONFLICT
    sender, recipient = book.people.get(user), book.people.get(to)
    if sender is None or recipient is None:
        return NO_USER
    pair = book.pair(user, to)
    mine, theirs = pair.of(user)
    outcome = decide(Facts(mine, theirs, recipient.settings)).outcome
    if outcome in _REFUSED:
        return _REFUSED[outcome]
    if command.reply_to is not None and command.reply_to > pair.last:
        return NO_MESSAGE
    return _post(book, command, sender, recipient, pair, _FOLDER[outcome], now)


def _post(
    book: Book, command: commands.Send, sender: Person, recipient: Person, pair: Pair, folder: Folder, now: int
) -> Carried:
    """Number a message that was let in, and append it to both logs."""
    mine, theirs = pair.of(sender.id)
    text, reply_to = command.text, command.reply_to
    n = pair.last + 1
    first = mine.wrote == 0
    mine.wrote += 1
    if first or mine.folder != "inbox" or mine.refused:
        # Who writes keeps the conversation in the inbox; writing back is accepting.
        mine.folder, mine.refused = "inbox", False
        book.touch(mine)
    if theirs.folder != folder:
        theirs.folder = folder
        book.touch(theirs)
    message = NewMessage(pair, n, mine.wrote, sender.id, folder, now, reply_to, text)
    book.messages.append(message)

    to_sender = events.Message(
        seq=number(sender),
        peer=recipient.id,
        n=n,
        sender=sender.id,
        text=text,
        at=now,
        folder=folder,
        reply_to=reply_to,
    )
    to_recipient = events.Message(
        seq=number(recipient),
        peer=sender.id,
        n=n,
        sender=sender.id,
        text=text,
        at=now,
        folder=folder,
        reply_to=reply_to,
    )
    _put_first(book, sender, mine, to_sender.seq)
    _put_first(book, recipient, theirs, to_recipient.seq)
    book.entries.append(NewEntry(sender, now, recipient.id, to_sender, message, command.nonce))
    book.entries.append(NewEntry(recipient, now, sender.id, to_recipient, message, None))
    posted = Posted(recipient.id, n, to_sender.seq, now, folder)
    book.priors[sender.id, command.nonce] = Prior(recipient.id, text, reply_to, posted)
    return Carried(posted, (Entry(sender.id, to_sender), Entry(recipient.id, to_recipient)))


def _put_first(book: Book, owner: Person, side: Side, seq: int) -> None:
    """Let the conversation stand first in its owner's list. Most of the time it does so already, at no cost."""
    if owner.newest != side.peer:
        owner.newest = side.peer
        side.rank = seq
        book.touch(side)


def mark_read(book: Book, command: commands.MarkRead, now: int) -> Carried:
    found = conversation(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    reader, peer, pair = found
    if command.n > pair.last:
        return NO_MESSAGE
    mine, theirs = pair.of(reader.id)
    entries: list[Entry] = []
    seq = None
    if command.n > mine.read:
        mine.read = command.n
        book.touch(mine)
        seq = number(reader)
        event = events.Read(seq=seq, peer=peer.id, by=reader.id, n=command.n)
        entries.append(append(book, reader, peer.id, event, now))
    # Compared with what the peer was told and not with the own mark: what was read while the peer
    # still waited at the door is told by the first mark after the door was opened.
    told = hears_reads(decide(Facts(theirs, mine, reader.settings)), reader.settings)
    if told and mine.read > theirs.peer_read:
        theirs.peer_read = mine.read
        book.touch(theirs)
        event = events.Read(seq=number(peer), peer=reader.id, by=reader.id, n=mine.read)
        entries.append(append(book, peer, reader.id, event, now))
    return Carried(Done(seq), tuple(entries))
