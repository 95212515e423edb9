"""The verifier has no complaints about a correct server, and detects every kind of fault."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_load.verifier import COMPLAINTS_KEPT, Verifier

ANN, BOB, EVE = "ann", "bob", "eve"


@dataclass(frozen=True)
class Event:
    user: str
    peer: str
    sender: str
    n: int
    seq: int
    ordinal: int


@dataclass
class ModelServer:
    """A correct server: numbers messages, and returns the events of both participants."""

    verifier: Verifier = field(default_factory=Verifier)
    heads: dict[str, int] = field(default_factory=lambda: dict.fromkeys((ANN, BOB, EVE), 0))
    numbers: dict[frozenset[str], int] = field(default_factory=dict[frozenset[str], int])

    def __post_init__(self) -> None:
        for user in self.heads:
            self.verifier.start_device(user, 0)

    def commit(self, sender: str, peer: str, ordinal: int) -> tuple[Event, Event]:
        """Commit a message. Returns the events of the sender and of the recipient."""
        pair = frozenset((sender, peer))
        n = self.numbers[pair] = self.numbers.get(pair, 0) + 1
        seqs = []
        for user in (sender, peer):
            self.heads[user] += 1
            seqs.append(self.heads[user])
        return Event(sender, peer, sender, n, seqs[0], ordinal), Event(peer, sender, sender, n, seqs[1], ordinal)

    def acknowledge(self, mine: Event, *, retried: bool = False) -> None:
        self.verifier.on_sent(mine.user, mine.peer, mine.ordinal, mine.n, mine.seq, retried=retried)

    def deliver(self, event: Event) -> None:
        self.verifier.on_message(event.user, event.peer, event.sender, event.n, event.seq, event.ordinal)

    def send_acknowledged(self, sender: str = ANN, peer: str = BOB) -> Event:
        """Send a message and acknowledge it. Returns the recipient's event."""
        mine, theirs = self.commit(sender, peer, self.verifier.next_ordinal(sender, peer))
        self.acknowledge(mine)
        return theirs

    def refuse(self, sender: str = ANN, peer: str = BOB) -> None:
        self.verifier.on_refused(sender, peer, self.verifier.next_ordinal(sender, peer))


@given(st.lists(st.tuples(st.sampled_from(["send", "refuse", "repeat", "crash"]), st.permutations([ANN, BOB, EVE]))))
def test_correct_server_has_no_complaints(actions: list[tuple[str, list[str]]]) -> None:
    """With refusals, retries after a lost reply, and logs replayed by a resume."""
    server = ModelServer()
    for action, (sender, peer, _) in actions:
        ordinal = server.verifier.next_ordinal(sender, peer)
        if action == "refuse":
            server.verifier.on_refused(sender, peer, ordinal)
            continue
        mine, theirs = server.commit(sender, peer, ordinal)
        if action == "crash":
            server.deliver(mine)  # the resume replays the own message; the retry gets the first reply
        server.deliver(theirs)
        server.acknowledge(mine, retried=action != "send")
    for user, head in server.heads.items():
        server.verifier.check_head(user, head)
    assert not server.verifier.outstanding()
    server.verifier.verdict([])
    assert server.verifier.complaints == []


def send_five(server: ModelServer) -> list[Event]:
    return [server.send_acknowledged() for _ in range(5)]


def lose_one(server: ModelServer) -> None:
    for event in send_five(server):
        if event.ordinal != 3:
            server.deliver(event)


def lose_the_last(server: ModelServer) -> None:
    for event in send_five(server)[:-1]:
        server.deliver(event)


def deliver_one_twice(server: ModelServer) -> None:
    for event in send_five(server):
        server.deliver(event)
        if event.ordinal == 3:
            server.deliver(event)


def swap_two(server: ModelServer) -> None:
    events = send_five(server)
    events[1], events[2] = events[2], events[1]
    for event in events:
        server.deliver(event)


def skip_a_seq(server: ModelServer) -> None:
    for event in send_five(server):
        server.deliver(replace(event, seq=event.seq + (event.ordinal > 2)))


def skip_a_number(server: ModelServer) -> None:
    for event in send_five(server):
        server.deliver(replace(event, n=event.n + (event.ordinal > 2)))


def store_a_repeat_twice(server: ModelServer) -> None:
    """seq and n are consistent; only the ordinal shows it."""
    mine, theirs = server.commit(ANN, BOB, server.verifier.next_ordinal(ANN, BOB))
    server.deliver(mine)
    server.deliver(theirs)
    mine, theirs = server.commit(ANN, BOB, 1)
    server.acknowledge(mine, retried=True)
    server.deliver(theirs)


def store_in_another_order(server: ModelServer) -> None:
    """seq and n are consistent here, too."""
    first, second = server.verifier.next_ordinal(ANN, BOB), server.verifier.next_ordinal(ANN, BOB)
    for ordinal in (second, first):
        mine, theirs = server.commit(ANN, BOB, ordinal)
        server.acknowledge(mine)
        server.deliver(theirs)


def deliver_refused_message(server: ModelServer) -> None:
    ordinal = server.verifier.next_ordinal(ANN, BOB)
    server.verifier.on_refused(ANN, BOB, ordinal)
    server.deliver(server.commit(ANN, BOB, ordinal)[1])


def deliver_unsent_message(server: ModelServer) -> None:
    server.deliver(server.commit(ANN, BOB, 1)[1])


def deliver_from_another_application(server: ModelServer) -> None:
    server.verifier.next_ordinal(ANN, BOB)
    event = server.commit(ANN, BOB, 1)[1]
    server.verifier.on_message(event.user, event.peer, event.sender, event.n, event.seq, None)


def accept_after_block(server: ModelServer) -> None:
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_blocked(BOB, ANN)
    server.deliver(server.send_acknowledged())


def deliver_after_a_block(server: ModelServer) -> None:
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_blocked(BOB, ANN)
    server.deliver(server.commit(ANN, BOB, server.verifier.next_ordinal(ANN, BOB))[1])


def accept_own_message_of_blocker(server: ModelServer) -> None:
    """The blocker can't write to the blocked user either."""
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_blocked(BOB, ANN)
    server.deliver(server.send_acknowledged(BOB, ANN))


def lose_last_message_of_blocker(server: ModelServer) -> None:
    """Bob is the blocker, so nothing of his is hidden from Ann."""
    server.send_acknowledged(BOB, ANN)
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_blocked(BOB, ANN)


def lose_before_a_block(server: ModelServer) -> None:
    server.send_acknowledged()
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_blocked(BOB, ANN)


def disagree_on_numbers(server: ModelServer) -> None:
    mine, theirs = server.commit(ANN, BOB, server.verifier.next_ordinal(ANN, BOB))
    more, others = server.commit(ANN, BOB, server.verifier.next_ordinal(ANN, BOB))
    server.acknowledge(mine)
    server.acknowledge(more)
    server.deliver(replace(theirs, ordinal=2))
    server.deliver(replace(others, ordinal=1))


def end_too_early(server: ModelServer) -> None:
    server.deliver(server.send_acknowledged())
    server.verifier.check_head(BOB, 2)


def refuse_what_is_allowed(server: ModelServer) -> None:
    server.refuse()
    server.verifier.check_refusal(ANN, BOB, forbidden=False)


FAULTS: list[tuple[Callable[[ModelServer], None], str]] = [
    (lose_one, "bob: seq 4 after 2"),
    (lose_the_last, "1 of 5 messages were lost"),
    (deliver_one_twice, "message 3 came twice"),
    (swap_two, "message 2 came after 3"),
    (skip_a_seq, "bob: seq 4 after 2"),
    (skip_a_number, "bob and ann: n 4 after 2"),
    (store_a_repeat_twice, "message 1 came twice"),
    (store_in_another_order, "message 1 came after 2"),
    (deliver_refused_message, "1 messages were refused and delivered"),
    (deliver_unsent_message, "a message that was never sent"),
    (deliver_from_another_application, "a message that was never sent"),
    (accept_after_block, "message 1 was accepted after the reply to a block"),
    (deliver_after_a_block, "message 1 was sent after the reply to a block and delivered"),
    (accept_own_message_of_blocker, "bob → ann: message 1 was accepted after the reply to a block"),
    (lose_last_message_of_blocker, "bob → ann: 1 of 1 messages were lost"),
    (lose_before_a_block, "1 messages of blocked peers lost, not hidden"),
    (disagree_on_numbers, "message 1 came after 2"),
    (end_too_early, "bob: head of the log 2, cursor of the device 1"),
    (refuse_what_is_allowed, "refused, although the rules allow it"),
]


@pytest.mark.parametrize(("fault", "complaint"), FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_every_fault_is_detected(fault: Callable[[ModelServer], None], complaint: str) -> None:
    server = ModelServer()
    fault(server)
    server.verifier.verdict([])
    assert any(complaint in text for text in server.verifier.complaints), server.verifier.complaints


def test_disagreement_on_n_is_detected_across_both_participants() -> None:
    """Neither participant's n has a gap, but n 1 of the one is n 2 of the other."""
    verifier = Verifier()
    for user in (ANN, BOB):
        verifier.start_device(user, 0)
    first, second = verifier.next_ordinal(ANN, BOB), verifier.next_ordinal(ANN, BOB)
    for ordinal in (first, second):
        verifier.on_postponed(ANN, BOB, ordinal)
    verifier.on_sent(ANN, BOB, first, 1, 1, retried=False)
    verifier.on_sent(ANN, BOB, second, 2, 2, retried=False)
    verifier.on_message(BOB, ANN, ANN, 1, 1, second)
    verifier.on_message(BOB, ANN, ANN, 2, 2, first)
    verifier.verdict([])
    assert verifier.complaints == ["ann → bob: sender and recipient disagree on the n of their messages"]


def test_delivery_against_the_rules_is_detected() -> None:
    server = ModelServer()
    server.deliver(server.send_acknowledged())
    server.verifier.verdict([(ANN, BOB)])
    assert server.verifier.complaints == ["ann → bob: 1 messages against the rules"]


def test_refused_stranger_is_no_complaint() -> None:
    server = ModelServer()
    server.refuse()
    server.verifier.check_refusal(ANN, BOB, forbidden=True)
    server.verifier.verdict([(ANN, BOB)])
    assert (server.verifier.wrong, server.verifier.refused) == (0, 1)


def test_message_before_block_may_arrive_hidden() -> None:
    """Bob blocks Ann before her message is delivered: his resume brings a hidden event."""
    server = ModelServer()
    server.deliver(server.send_acknowledged())
    theirs = server.send_acknowledged()
    server.verifier.on_block_requested(BOB, ANN)
    server.verifier.on_other(BOB, theirs.seq, hidden=True)
    server.verifier.on_other(BOB, theirs.seq + 1)
    server.verifier.on_blocked(BOB, ANN)
    server.refuse()
    server.verifier.check_refusal(ANN, BOB, forbidden=False)
    server.verifier.verdict([])
    assert (server.verifier.complaints, server.verifier.outstanding()) == ([], 0)


def test_postponed_message_may_be_overtaken() -> None:
    server = ModelServer()
    first, second = server.verifier.next_ordinal(ANN, BOB), server.verifier.next_ordinal(ANN, BOB)
    server.verifier.on_postponed(ANN, BOB, first)
    for ordinal in (second, first):
        mine, theirs = server.commit(ANN, BOB, ordinal)
        server.acknowledge(mine)
        server.deliver(theirs)
    server.verifier.verdict([])
    assert server.verifier.complaints == []


def test_complaints_are_all_counted_and_some_kept() -> None:
    verifier = Verifier()
    for number in range(COMPLAINTS_KEPT + 5):
        verifier.complain(str(number))
    assert (verifier.wrong, len(verifier.complaints)) == (COMPLAINTS_KEPT + 5, COMPLAINTS_KEPT)
