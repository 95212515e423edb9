"""The promise of the pure client, over connections that break anywhere: no gap, no double, no send lost.

The world below has one user's log, a connection that may lose, double and reorder what the contract cannot rule
out, and an application that reads slowly and changes its mind. Whatever happens, in the end it has met every
entry of the log once: as an event, in order, or as the answer to its own send.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bussa import wire
from bussa.errors import BehindError
from bussa.feed import Cursor, Reset
from bussa.state import OWN_WRITES, State
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import Code
from bussa_protocol.frames import events, replies, requests
from tests.client.model_server import Account
from tests.client.world import World

ACTS = st.sampled_from(
    [
        *["bob writes", "bob writes", "own phone writes", "send", "send", "abandon", "connect", "connect", "break"],
        *["fly", "fly", "fly", "arrive", "arrive", "arrive", "reply overtakes", "lost push", "doubled push"],
        *["outage", "outage after commit", "take", "take", "wait", "typing", "ping"],
    ]
)


@given(st.lists(ACTS, max_size=120))
@settings(max_examples=400, deadline=None)
def test_neither_gap_nor_double_over_any_number_of_broken_connections(acts: list[str]) -> None:
    world = World()
    for act in acts:
        world.act(act)
    world.settle()
    world.check()
    assert not world.excused


@given(st.lists(ACTS | st.just("cut"), max_size=120))
@settings(max_examples=200, deadline=None)
def test_where_the_log_was_cut_the_gap_is_said_and_nothing_else_is_missing(acts: list[str]) -> None:
    world = World()
    for act in acts:
        world.act(act)
    world.settle()
    world.check()


@given(st.lists(st.sampled_from(["send", "fly", "break", "connect", "outage", "outage after commit", "wait"])))
@settings(max_examples=200, deadline=None)
def test_every_send_is_repeated_under_its_nonce_until_it_is_answered(acts: list[str]) -> None:
    world = World()
    for act in acts:
        world.act(act)
    sends = acts.count("send")
    world.settle()
    assert len(world.answered) == sends
    assert len(world.server.sent) == sends, "one nonce is one message"
    assert world.server.head == sends


def test_the_echo_of_a_send_whose_answer_was_lost_is_no_event() -> None:
    world = World()
    world.act("send")
    world.fly()
    world.break_()
    world.act("bob writes")
    world.connect()
    while world.down:
        world.arrive(world.down.popleft())
    assert not world.take(), "the echo and what comes after it wait for the answer"
    world.settle()
    assert world.met == [2]
    assert [sent.seq for sent in world.answered.values()] == [1]


def test_the_same_words_from_another_device_are_an_event() -> None:
    world = World()
    world.act("send")
    world.act("own phone writes")
    world.fly()
    world.break_()
    world.settle()
    assert world.met == [1]
    assert [sent.seq for sent in world.answered.values()] == [2]


def test_a_cancelled_send_that_went_out_comes_as_an_event() -> None:
    world = World()
    world.act("send")
    world.fly()
    world.act("abandon")
    world.settle()
    assert world.met == [1]


def test_what_was_held_back_for_a_send_is_read_when_the_send_is_given_up() -> None:
    world = World()
    world.act("send")
    world.fly()
    world.break_()
    world.connect()
    world.arrive(world.down.popleft())
    assert world.state.log.held
    world.act("abandon")
    world.wait(0.0)
    while data := world.state.next():
        world.up.append(data)
    assert isinstance(MSGPACK.decode(world.up[-1]), requests.Sync)


def test_a_full_queue_leaves_the_rest_on_the_server_and_reads_it_when_there_is_room() -> None:
    world = World(queue=4)
    for _ in range(50):
        world.act("bob writes")
        world.act("arrive")
    assert len(world.state.feed) == 4
    assert world.state.timer() is None, "nothing is fetched for a reader who does not read"
    world.settle()
    assert world.met == list(range(1, 51))


def test_a_replay_is_waited_for_before_the_log_is_asked() -> None:
    world = World()
    world.break_()
    for _ in range(3):
        world.act("bob writes")
    world.connect()
    world.arrive(world.down.popleft())
    world.wait(1.0)
    assert world.state.counters.heals == 0
    world.down.clear()
    world.wait(20.0)
    assert world.state.counters.heals == 1
    world.settle()
    assert world.met == [1, 2, 3]


def test_an_unknown_type_is_passed_over_and_its_seq_counts() -> None:
    world = World()
    world.arrive(wire.typed({"type": "reaction", "seq": 1, "emoji": "*"}))
    assert world.state.feed.cursor == Cursor("one", 1)
    assert world.state.counters.unknown_frames == 1
    assert not world.take()


def test_another_epoch_is_a_reset_and_the_count_begins_there() -> None:
    world = World()
    world.act("bob writes")
    world.break_()
    world.server = Account(epoch="two")
    world.server.write("bob", "bob", "x")
    world.connect()
    assert world.state.take(world.now) == Reset(Cursor("two", 1))
    assert world.state.feed.cursor == Cursor("two", 1)


def test_a_sync_that_is_refused_for_now_waits_and_one_that_is_refused_for_good_reconnects() -> None:
    world = World()
    world.act("lost push")
    world.act("bob writes")
    world.act("arrive")
    world.act("outage")
    world.wait(0.0)
    world.fly()
    world.act("arrive")
    assert world.state.next() is None, "not before the time that the server said"
    world.wait(0.2)
    assert world.state.next() is None
    world.wait(1.0)
    request = MSGPACK.decode(world.state.next() or b"")
    assert isinstance(request, requests.Sync)
    world.arrive(replies.Error(id=request.id, code=Code.NOT_FOUND, message=""))
    assert world.state.broken


@given(st.integers(min_value=0, max_value=20))
def test_a_saved_cursor_goes_on_where_it_was(seq: int) -> None:
    server = Account()
    for _ in range(20):
        server.write("bob", "bob", "x")
    state = State(resume=Cursor("one", seq))
    hello = MSGPACK.decode(state.hello("token"))
    assert hello == requests.Hello(token="token", resume=seq, epoch="one")
    assert isinstance(hello, requests.Hello)
    welcome, replay = server.welcome(hello)
    state.welcome(welcome, 0.0)
    for event in replay:
        state.receive(msgspec.convert(msgspec.to_builtins(event), events.Event), 0.0)
    taken = [notice.seq for notice in iter(lambda: state.take(0.0), None) if isinstance(notice, events.Message)]
    assert taken == list(range(seq + 1, 21))
    assert state.feed.cursor == Cursor("one", 20)


def test_own_writes_behind_unread_events_are_bounded() -> None:
    world = World()
    world.act("lost push")
    for seq in range(2, OWN_WRITES + 2):
        world.state.log.mark_own(seq)
    with pytest.raises(BehindError):
        world.act("send")
