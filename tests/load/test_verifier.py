"""The verdict: a town that is served well has none, and every kind of wrong is found."""

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
    """A server that does all right: it numbers, and says what each of the two is to be told."""

    verifier: Verifier = field(default_factory=Verifier)
    heads: dict[str, int] = field(default_factory=lambda: dict.fromkeys((ANN, BOB, EVE), 0))
    numbers: dict[frozenset[str], int] = field(default_factory=dict[frozenset[str], int])

    def __post_init__(self) -> None:
        for user in self.heads:
            self.verifier.start_device(user, 0)

    def commit(self, sender: str, peer: str, ordinal: int) -> tuple[Event, Event]:
        """What the sender and the recipient are to be told."""
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
        """Sent and acknowledged; returns what the recipient is to be told."""
        mine, theirs = self.commit(sender, peer, self.verifier.next_ordinal(sender, peer))
        self.acknowledge(mine)
        return theirs

    def refuse(self, sender: str = ANN, peer: str = BOB) -> None:
        self.verifier.on_refused(sender, peer, self.verifier.next_ordinal(sender, peer))


@given(st.lists(st.tuples(st.sampled_from(["send", "refuse", "repeat", "crash"]), st.permutations([ANN, BOB, EVE]))))
def test_correct_server_has_no_complaints(deeds: list[tuple[str, list[str]]]) -> None:
    """Among many who write: refusals, repeats whose first answer was lost, logs replayed by a resume."""
    town = ModelServer()
    for deed, (sender, peer, _) in deeds:
        count = town.verifier.next_ordinal(sender, peer)
        if deed == "refuse":
            town.verifier.on_refused(sender, peer, count)
            continue
        mine, theirs = town.commit(sender, peer, count)
        if deed == "crash":
            town.deliver(mine)  # the resume brings its own message, the repeat the first answer
        town.deliver(theirs)
        town.acknowledge(mine, retried=deed != "send")
    for user, head in town.heads.items():
        town.verifier.check_head(user, head)
    assert not town.verifier.outstanding()
    town.verifier.verdict([])
    assert town.verifier.complaints == []


def send_five(town: ModelServer) -> list[Event]:
    return [town.send_acknowledged() for _ in range(5)]


def lose_one(town: ModelServer) -> None:
    for event in send_five(town):
        if event.ordinal != 3:
            town.deliver(event)


def lose_the_last(town: ModelServer) -> None:
    for event in send_five(town)[:-1]:
        town.deliver(event)


def deliver_one_twice(town: ModelServer) -> None:
    for event in send_five(town):
        town.deliver(event)
        if event.ordinal == 3:
            town.deliver(event)


def swap_two(town: ModelServer) -> None:
    events = send_five(town)
    events[1], events[2] = events[2], events[1]
    for event in events:
        town.deliver(event)


def skip_a_seq(town: ModelServer) -> None:
    for event in send_five(town):
        town.deliver(replace(event, seq=event.seq + (event.ordinal > 2)))


def skip_a_number(town: ModelServer) -> None:
    for event in send_five(town):
        town.deliver(replace(event, n=event.n + (event.ordinal > 2)))


def store_a_repeat_twice(town: ModelServer) -> None:
    """The server's numbers are all well: only the count shows it."""
    mine, theirs = town.commit(ANN, BOB, town.verifier.next_ordinal(ANN, BOB))
    town.deliver(mine)
    town.deliver(theirs)
    mine, theirs = town.commit(ANN, BOB, 1)
    town.acknowledge(mine, retried=True)
    town.deliver(theirs)


def store_in_another_order(town: ModelServer) -> None:
    """Here, too."""
    first, second = town.verifier.next_ordinal(ANN, BOB), town.verifier.next_ordinal(ANN, BOB)
    for count in (second, first):
        mine, theirs = town.commit(ANN, BOB, count)
        town.acknowledge(mine)
        town.deliver(theirs)


def deliver_refused_message(town: ModelServer) -> None:
    count = town.verifier.next_ordinal(ANN, BOB)
    town.verifier.on_refused(ANN, BOB, count)
    town.deliver(town.commit(ANN, BOB, count)[1])


def deliver_unsent_message(town: ModelServer) -> None:
    town.deliver(town.commit(ANN, BOB, 1)[1])


def deliver_from_another_application(town: ModelServer) -> None:
    town.verifier.next_ordinal(ANN, BOB)
    event = town.commit(ANN, BOB, 1)[1]
    town.verifier.on_message(event.user, event.peer, event.sender, event.n, event.seq, None)


def accept_after_block(town: ModelServer) -> None:
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_blocked(BOB, ANN)
    town.deliver(town.send_acknowledged())


def deliver_after_a_block(town: ModelServer) -> None:
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_blocked(BOB, ANN)
    town.deliver(town.commit(ANN, BOB, town.verifier.next_ordinal(ANN, BOB))[1])


def accept_own_message_of_blocker(town: ModelServer) -> None:
    """Who blocks can't write to the blocked either."""
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_blocked(BOB, ANN)
    town.deliver(town.send_acknowledged(BOB, ANN))


def lose_last_message_of_blocker(town: ModelServer) -> None:
    """Nothing of it is hidden: it is Bob who blocks."""
    town.send_acknowledged(BOB, ANN)
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_blocked(BOB, ANN)


def lose_before_a_block(town: ModelServer) -> None:
    town.send_acknowledged()
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_blocked(BOB, ANN)


def disagree_on_numbers(town: ModelServer) -> None:
    mine, theirs = town.commit(ANN, BOB, town.verifier.next_ordinal(ANN, BOB))
    more, others = town.commit(ANN, BOB, town.verifier.next_ordinal(ANN, BOB))
    town.acknowledge(mine)
    town.acknowledge(more)
    town.deliver(replace(theirs, ordinal=2))
    town.deliver(replace(others, ordinal=1))


def end_too_early(town: ModelServer) -> None:
    town.deliver(town.send_acknowledged())
    town.verifier.check_head(BOB, 2)


def refuse_what_is_allowed(town: ModelServer) -> None:
    town.refuse()
    town.verifier.check_refusal(ANN, BOB, forbidden=False)


FAULTS: list[tuple[Callable[[ModelServer], None], str]] = [
    (lose_one, "bob: seq 4 after 2"),
    (lose_the_last, "1 of 5 messages were lost"),
    (deliver_one_twice, "message 3 came twice"),
    (swap_two, "message 2 came after 3"),
    (skip_a_seq, "bob: seq 4 after 2"),
    (skip_a_number, "bob and ann: n 4 after 2"),
    (store_a_repeat_twice, "message 1 came twice"),
    (store_in_another_order, "message 1 came after 2"),
    (deliver_refused_message, "1 messages were refused, and came all the same"),
    (deliver_unsent_message, "a message that was never sent"),
    (deliver_from_another_application, "a message that was never sent"),
    (accept_after_block, "message 1 was taken after a block was answered"),
    (deliver_after_a_block, "message 1 was written after a block was answered, and came"),
    (accept_own_message_of_blocker, "bob → ann: message 1 was taken after a block was answered"),
    (lose_last_message_of_blocker, "bob → ann: 1 of 1 messages were lost"),
    (lose_before_a_block, "1 messages of blocked peers lost, not hidden"),
    (disagree_on_numbers, "message 1 came after 2"),
    (end_too_early, "bob: the log reaches 2, the device 1"),
    (refuse_what_is_allowed, "refused, although the rules allow it"),
]


@pytest.mark.parametrize(("wrong", "complaint"), FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_every_fault_is_detected(wrong: Callable[[ModelServer], None], complaint: str) -> None:
    town = ModelServer()
    wrong(town)
    town.verifier.verdict([])
    assert any(complaint in said for said in town.verifier.complaints), town.verifier.complaints


def test_disagreement_on_n_is_detected_across_both_participants() -> None:
    """Each side's numbers are without a hole; but what is 1 to the one is 2 to the other."""
    truth = Verifier()
    for user in (ANN, BOB):
        truth.start_device(user, 0)
    first, second = truth.next_ordinal(ANN, BOB), truth.next_ordinal(ANN, BOB)
    for count in (first, second):
        truth.on_postponed(ANN, BOB, count)
    truth.on_sent(ANN, BOB, first, 1, 1, retried=False)
    truth.on_sent(ANN, BOB, second, 2, 2, retried=False)
    truth.on_message(BOB, ANN, ANN, 1, 1, second)
    truth.on_message(BOB, ANN, ANN, 2, 2, first)
    truth.verdict([])
    assert truth.complaints == ["ann → bob: the two do not agree on the numbers of their messages"]


def test_delivery_against_the_rules_is_detected() -> None:
    town = ModelServer()
    town.deliver(town.send_acknowledged())
    town.verifier.verdict([(ANN, BOB)])
    assert town.verifier.complaints == ["ann → bob: 1 messages against the rules"]


def test_refused_stranger_is_no_complaint() -> None:
    town = ModelServer()
    town.refuse()
    town.verifier.check_refusal(ANN, BOB, forbidden=True)
    town.verifier.verdict([(ANN, BOB)])
    assert (town.verifier.wrong, town.verifier.refused) == (0, 1)


def test_message_before_block_may_arrive_hidden() -> None:
    """Ann's message waits for Bob, who blocks her: his resume brings an event that says nothing of it."""
    town = ModelServer()
    town.deliver(town.send_acknowledged())
    theirs = town.send_acknowledged()
    town.verifier.on_block_requested(BOB, ANN)
    town.verifier.on_other(BOB, theirs.seq, hidden=True)
    town.verifier.on_other(BOB, theirs.seq + 1)
    town.verifier.on_blocked(BOB, ANN)
    town.refuse()
    town.verifier.check_refusal(ANN, BOB, forbidden=False)
    town.verifier.verdict([])
    assert (town.verifier.complaints, town.verifier.outstanding()) == ([], 0)


def test_postponed_message_may_be_overtaken() -> None:
    town = ModelServer()
    first, second = town.verifier.next_ordinal(ANN, BOB), town.verifier.next_ordinal(ANN, BOB)
    town.verifier.on_postponed(ANN, BOB, first)
    for count in (second, first):
        mine, theirs = town.commit(ANN, BOB, count)
        town.acknowledge(mine)
        town.deliver(theirs)
    town.verifier.verdict([])
    assert town.verifier.complaints == []


def test_complaints_are_all_counted_and_some_kept() -> None:
    truth = Verifier()
    for number in range(COMPLAINTS_KEPT + 5):
        truth.complain(str(number))
    assert (truth.wrong, len(truth.complaints)) == (COMPLAINTS_KEPT + 5, COMPLAINTS_KEPT)
