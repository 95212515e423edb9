"""Two people and their one conversation, whoever of them one asks."""

from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol.ids import USER_PATTERN
from bussa_server.domain.people import Pair, Side, ordered

ids = st.from_regex(USER_PATTERN)


@given(ids, ids)
def test_a_conversation_has_one_name_from_both_ends(one: str, other: str) -> None:
    assert ordered(one, other) == ordered(other, one) == tuple(sorted((one, other)))


@given(st.lists(ids, min_size=2, max_size=2, unique=True))
def test_each_gets_the_own_side_first(two: list[str]) -> None:
    one, other = two
    pair = Pair.between(one, other)
    mine, theirs = pair.of(one)
    assert (mine.owner, mine.peer) == (theirs.peer, theirs.owner) == (one, other)
    assert pair.of(other) == (theirs, mine)
    assert pair == Pair.between(other, one)


def test_two_who_have_had_nothing_to_do_with_each_other() -> None:
    pair = Pair.between("bob", "ann")
    assert (pair.low, pair.high) == (Side("ann", "bob"), Side("bob", "ann"))
    assert pair.last == 0
    assert pair.low.folder is None
    assert pair.low.wrote == pair.low.read == pair.low.peer_read == pair.low.rank == 0


def test_the_last_number_counts_what_both_wrote() -> None:
    pair = Pair.between("ann", "bob")
    pair.low.wrote, pair.high.wrote = 3, 4
    assert pair.last == 7
