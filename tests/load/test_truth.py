"""The verdict: a town that is served well has none, and every kind of wrong is found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_load.truth import SHOWN, Truth

ANN, BOB, EVE = "ann", "bob", "eve"


@dataclass(frozen=True)
class Event:
    user: str
    peer: str
    sender: str
    n: int
    seq: int
    count: int


@dataclass
class Town:
    """A server that does all right: it numbers, and says what each of the two is to be told."""

    truth: Truth = field(default_factory=Truth)
    heads: dict[str, int] = field(default_factory=lambda: dict.fromkeys((ANN, BOB, EVE), 0))
    numbers: dict[frozenset[str], int] = field(default_factory=dict[frozenset[str], int])

    def __post_init__(self) -> None:
        for user in self.heads:
            self.truth.begins(user, 0)

    def commit(self, sender: str, peer: str, count: int) -> tuple[Event, Event]:
        """What the sender and the recipient are to be told."""
        pair = frozenset((sender, peer))
        n = self.numbers[pair] = self.numbers.get(pair, 0) + 1
        seqs = []
        for user in (sender, peer):
            self.heads[user] += 1
            seqs.append(self.heads[user])
        return Event(sender, peer, sender, n, seqs[0], count), Event(peer, sender, sender, n, seqs[1], count)

    def answer(self, mine: Event, *, again: bool = False) -> None:
        self.truth.sent(mine.user, mine.peer, mine.count, mine.n, mine.seq, again=again)

    def tell(self, event: Event) -> None:
        self.truth.message(event.user, event.peer, event.sender, event.n, event.seq, event.count)

    def write(self, sender: str = ANN, peer: str = BOB) -> Event:
        """Sent and acknowledged; returns what the recipient is to be told."""
        mine, theirs = self.commit(sender, peer, self.truth.sends(sender, peer))
        self.answer(mine)
        return theirs

    def refuse(self, sender: str = ANN, peer: str = BOB) -> None:
        self.truth.was_refused(sender, peer, self.truth.sends(sender, peer))


@given(st.lists(st.tuples(st.sampled_from(["send", "refuse", "repeat", "crash"]), st.permutations([ANN, BOB, EVE]))))
def test_a_town_that_is_served_well(deeds: list[tuple[str, list[str]]]) -> None:
    """Among many who write: refusals, repeats whose first answer was lost, logs replayed by a resume."""
    town = Town()
    for deed, (sender, peer, _) in deeds:
        count = town.truth.sends(sender, peer)
        if deed == "refuse":
            town.truth.was_refused(sender, peer, count)
            continue
        mine, theirs = town.commit(sender, peer, count)
        if deed == "crash":
            town.tell(mine)  # the resume brings its own message, the repeat the first answer
        town.tell(theirs)
        town.answer(mine, again=deed != "send")
    for user, head in town.heads.items():
        town.truth.head(user, head)
    assert not town.truth.outstanding()
    town.truth.verdict([])
    assert town.truth.complaints == []


def told(town: Town) -> list[Event]:
    return [town.write() for _ in range(5)]


def lose_one(town: Town) -> None:
    for event in told(town):
        if event.count != 3:
            town.tell(event)


def lose_the_last(town: Town) -> None:
    for event in told(town)[:-1]:
        town.tell(event)


def tell_one_twice(town: Town) -> None:
    for event in told(town):
        town.tell(event)
        if event.count == 3:
            town.tell(event)


def swap_two(town: Town) -> None:
    events = told(town)
    events[1], events[2] = events[2], events[1]
    for event in events:
        town.tell(event)


def skip_a_seq(town: Town) -> None:
    for event in told(town):
        town.tell(replace(event, seq=event.seq + (event.count > 2)))


def skip_a_number(town: Town) -> None:
    for event in told(town):
        town.tell(replace(event, n=event.n + (event.count > 2)))


def store_a_repeat_twice(town: Town) -> None:
    """The server's numbers are all well: only the count shows it."""
    mine, theirs = town.commit(ANN, BOB, town.truth.sends(ANN, BOB))
    town.tell(mine)
    town.tell(theirs)
    mine, theirs = town.commit(ANN, BOB, 1)
    town.answer(mine, again=True)
    town.tell(theirs)


def store_in_another_order(town: Town) -> None:
    """Here, too."""
    first, second = town.truth.sends(ANN, BOB), town.truth.sends(ANN, BOB)
    for count in (second, first):
        mine, theirs = town.commit(ANN, BOB, count)
        town.answer(mine)
        town.tell(theirs)


def deliver_what_was_refused(town: Town) -> None:
    count = town.truth.sends(ANN, BOB)
    town.truth.was_refused(ANN, BOB, count)
    town.tell(town.commit(ANN, BOB, count)[1])


def deliver_what_nobody_wrote(town: Town) -> None:
    town.tell(town.commit(ANN, BOB, 1)[1])


def deliver_another_application_s(town: Town) -> None:
    town.truth.sends(ANN, BOB)
    event = town.commit(ANN, BOB, 1)[1]
    town.truth.message(event.user, event.peer, event.sender, event.n, event.seq, None)


def take_after_a_block(town: Town) -> None:
    town.truth.blocks(BOB, ANN)
    town.truth.blocked(BOB, ANN)
    town.tell(town.write())


def deliver_after_a_block(town: Town) -> None:
    town.truth.blocks(BOB, ANN)
    town.truth.blocked(BOB, ANN)
    town.tell(town.commit(ANN, BOB, town.truth.sends(ANN, BOB))[1])


def take_the_blocker_s_own(town: Town) -> None:
    """Who blocks can't write to the blocked either."""
    town.truth.blocks(BOB, ANN)
    town.truth.blocked(BOB, ANN)
    town.tell(town.write(BOB, ANN))


def lose_the_blocker_s_last(town: Town) -> None:
    """Nothing of it is hidden: it is Bob who blocks."""
    town.write(BOB, ANN)
    town.truth.blocks(BOB, ANN)
    town.truth.blocked(BOB, ANN)


def lose_before_a_block(town: Town) -> None:
    town.write()
    town.truth.blocks(BOB, ANN)
    town.truth.blocked(BOB, ANN)


def disagree_on_numbers(town: Town) -> None:
    mine, theirs = town.commit(ANN, BOB, town.truth.sends(ANN, BOB))
    more, others = town.commit(ANN, BOB, town.truth.sends(ANN, BOB))
    town.answer(mine)
    town.answer(more)
    town.tell(replace(theirs, count=2))
    town.tell(replace(others, count=1))


def end_too_early(town: Town) -> None:
    town.tell(town.write())
    town.truth.head(BOB, 2)


def refuse_what_is_allowed(town: Town) -> None:
    town.refuse()
    town.truth.unexpected_refusal(ANN, BOB, forbidden=False)


WRONGS: list[tuple[Callable[[Town], None], str]] = [
    (lose_one, "bob: seq 4 after 2"),
    (lose_the_last, "1 of 5 messages were lost"),
    (tell_one_twice, "message 3 came twice"),
    (swap_two, "message 2 came after 3"),
    (skip_a_seq, "bob: seq 4 after 2"),
    (skip_a_number, "bob and ann: n 4 after 2"),
    (store_a_repeat_twice, "message 1 came twice"),
    (store_in_another_order, "message 1 came after 2"),
    (deliver_what_was_refused, "1 messages were refused, and came all the same"),
    (deliver_what_nobody_wrote, "a message that was never sent"),
    (deliver_another_application_s, "a message that was never sent"),
    (take_after_a_block, "message 1 was taken after a block was answered"),
    (deliver_after_a_block, "message 1 was written after a block was answered, and came"),
    (take_the_blocker_s_own, "bob → ann: message 1 was taken after a block was answered"),
    (lose_the_blocker_s_last, "bob → ann: 1 of 1 messages were lost"),
    (lose_before_a_block, "1 messages of blocked peers lost, not hidden"),
    (disagree_on_numbers, "message 1 came after 2"),
    (end_too_early, "bob: the log reaches 2, the device 1"),
    (refuse_what_is_allowed, "refused, although the rules allow it"),
]


@pytest.mark.parametrize(("wrong", "complaint"), WRONGS, ids=lambda part: getattr(part, "__name__", ""))
def test_it_is_found(wrong: Callable[[Town], None], complaint: str) -> None:
    town = Town()
    wrong(town)
    town.truth.verdict([])
    assert any(complaint in said for said in town.truth.complaints), town.truth.complaints


def test_numbers_that_only_the_two_together_show_to_be_wrong() -> None:
    """Each side's numbers are without a hole; but what is 1 to the one is 2 to the other."""
    truth = Truth()
    for user in (ANN, BOB):
        truth.begins(user, 0)
    first, second = truth.sends(ANN, BOB), truth.sends(ANN, BOB)
    for count in (first, second):
        truth.retries(ANN, BOB, count)
    truth.sent(ANN, BOB, first, 1, 1, again=False)
    truth.sent(ANN, BOB, second, 2, 2, again=False)
    truth.message(BOB, ANN, ANN, 1, 1, second)
    truth.message(BOB, ANN, ANN, 2, 2, first)
    truth.verdict([])
    assert truth.complaints == ["ann → bob: the two do not agree on the numbers of their messages"]


def test_against_the_rules() -> None:
    town = Town()
    town.tell(town.write())
    town.truth.verdict([(ANN, BOB)])
    assert town.truth.complaints == ["ann → bob: 1 messages against the rules"]


def test_a_stranger_who_was_refused_is_as_it_should_be() -> None:
    town = Town()
    town.refuse()
    town.truth.unexpected_refusal(ANN, BOB, forbidden=True)
    town.truth.verdict([(ANN, BOB)])
    assert (town.truth.wrong, town.truth.refused) == (0, 1)


def test_what_came_before_a_block_is_hidden_after_it() -> None:
    """Ann's message waits for Bob, who blocks her: his resume brings an event that says nothing of it."""
    town = Town()
    town.tell(town.write())
    theirs = town.write()
    town.truth.blocks(BOB, ANN)
    town.truth.other(BOB, theirs.seq, hidden=True)
    town.truth.other(BOB, theirs.seq + 1)
    town.truth.blocked(BOB, ANN)
    town.refuse()
    town.truth.unexpected_refusal(ANN, BOB, forbidden=False)
    town.truth.verdict([])
    assert (town.truth.complaints, town.truth.outstanding()) == ([], 0)


def test_what_had_to_be_asked_again_may_be_overtaken() -> None:
    town = Town()
    first, second = town.truth.sends(ANN, BOB), town.truth.sends(ANN, BOB)
    town.truth.retries(ANN, BOB, first)
    for count in (second, first):
        mine, theirs = town.commit(ANN, BOB, count)
        town.answer(mine)
        town.tell(theirs)
    town.truth.verdict([])
    assert town.truth.complaints == []


def test_all_complaints_are_counted_and_some_are_kept() -> None:
    truth = Truth()
    for number in range(SHOWN + 5):
        truth.complain(str(number))
    assert (truth.wrong, len(truth.complaints)) == (SHOWN + 5, SHOWN)
