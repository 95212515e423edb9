"""Conversations and their two participants, from either side."""

from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol.ids import USER_PATTERN
from bussa_server.domain.users import Conversation, Participant, conversation_key

ids = st.from_regex(USER_PATTERN)


@given(ids, ids)
def test_conversation_key_is_the_same_from_both_sides(one: str, other: str) -> None:
    assert conversation_key(one, other) == conversation_key(other, one) == tuple(sorted((one, other)))


@given(st.lists(ids, min_size=2, max_size=2, unique=True))
def test_participants_lists_own_side_first(two: list[str]) -> None:
    one, other = two
    conversation = Conversation.between(one, other)
    mine, theirs = conversation.participants(one)
    assert (mine.owner, mine.peer) == (theirs.peer, theirs.owner) == (one, other)
    assert conversation.participants(other) == (theirs, mine)
    assert conversation == Conversation.between(other, one)


def test_new_conversation_is_empty() -> None:
    conversation = Conversation.between("bob", "ann")
    assert (conversation.low, conversation.high) == (Participant("ann", "bob"), Participant("bob", "ann"))
    assert conversation.last_n == 0
    assert conversation.low.folder is None
    assert (
        conversation.low.sent_count
        == conversation.low.read
        == conversation.low.peer_read
        == conversation.low.sort_seq
        == 0
    )


def test_last_n_counts_messages_of_both() -> None:
    conversation = Conversation.between("ann", "bob")
    conversation.low.sent_count, conversation.high.sent_count = 3, 4
    assert conversation.last_n == 7
