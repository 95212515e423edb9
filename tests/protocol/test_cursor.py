"""Gap detection: a device that takes only next seqs has no hole in its log."""

from hypothesis import example, given
from hypothesis import strategies as st

from bussa_protocol.cursor import Step, step

SEQS = st.integers(0, 2**53 - 1)
DISTANCES = st.integers(-3, 3) | st.integers(-(2**53), 2**53)
"""Small ones too: two seqs drawn on their own are never neighbours."""


@given(last=SEQS, distance=DISTANCES)
@example(last=0, distance=1)
def test_step_is_next_old_or_gap(last: int, distance: int) -> None:
    seq = max(0, last + distance)
    expected = Step.NEXT if seq - last == 1 else Step.OLD if seq - last < 1 else Step.GAP
    assert step(last, seq) is expected


@given(arrivals=st.lists(st.integers(1, 12), max_size=40))
def test_taken_seqs_have_no_hole_in_any_arrival_order(arrivals: list[int]) -> None:
    taken: list[int] = []
    for seq in arrivals:
        if step(len(taken), seq) is Step.NEXT:
            taken.append(seq)
    assert taken == list(range(1, len(taken) + 1))
    assert taken or 1 not in arrivals


@given(head=st.integers(0, 30), lost=st.sets(st.integers(1, 30)))
def test_reading_the_log_at_each_gap_reaches_the_head(head: int, lost: set[int]) -> None:
    last = 0
    for seq in range(1, head + 1):
        if seq in lost:
            continue
        if step(last, seq) is Step.GAP:
            for missing in range(last + 1, seq):
                assert step(last, missing) is Step.NEXT
                last = missing
        assert step(last, seq) is Step.NEXT
        last = seq
    assert last == max((seq for seq in range(1, head + 1) if seq not in lost), default=0)
