"""The promise of the pure client, over connections that break anywhere: no gap, no double, no send lost.

The world below has one user's log, a connection that may lose, double and reorder what the contract cannot rule
out, and an application that reads slowly and changes its mind. Whatever happens, in the end it has met every
entry of the log once: as an event, in order, or as the answer to its own send.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bussa import codec
from bussa.errors import EventBacklogError
from bussa.event_queue import Cursor, Reset
from bussa.state import OWN_WRITES_MAX, ClientState
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import events, replies, requests
from tests.client.harness import Harness
from tests.client.model_server import ModelServer

ACTS = st.sampled_from(
    [
        *["bob writes", "bob writes", "own phone writes", "send", "send", "cancel", "connect", "connect", "disconnect"],
        *[
            "process",
            "process",
            "process",
            "deliver",
            "deliver",
            "deliver",
            "reply overtakes",
            "lost push",
            "doubled push",
        ],
        *["outage", "outage after commit", "take", "take", "wait", "typing", "ping"],
    ]
)


@given(st.lists(ACTS, max_size=120))
@settings(max_examples=400, deadline=None)
def test_events_have_no_gap_or_duplicate_over_any_disconnects(acts: list[str]) -> None:
    world = Harness()
    for act in acts:
        world.perform(act)
    world.run_to_rest()
    world.check_invariants()
    assert not world.reset_gaps


@given(st.lists(ACTS | st.just("cut"), max_size=120))
@settings(max_examples=200, deadline=None)
def test_trimmed_log_gives_reset_and_loses_nothing_else(acts: list[str]) -> None:
    world = Harness()
    for act in acts:
        world.perform(act)
    world.run_to_rest()
    world.check_invariants()


@given(st.lists(st.sampled_from(["send", "process", "disconnect", "connect", "outage", "outage after commit", "wait"])))
@settings(max_examples=200, deadline=None)
def test_every_send_is_retried_under_its_nonce_until_answered(acts: list[str]) -> None:
    world = Harness()
    for act in acts:
        world.perform(act)
    sends = acts.count("send")
    world.run_to_rest()
    assert len(world.answered) == sends
    assert len(world.server.sent) == sends, "one nonce is one message"
    assert world.server.head == sends


def test_echo_of_unanswered_send_is_no_event() -> None:
    world = Harness()
    world.perform("send")
    world.process_next()
    world.disconnect()
    world.perform("bob writes")
    world.connect()
    while world.to_client:
        world.deliver(world.to_client.popleft())
    assert not world.take_event(), "the echo and what comes after it wait for the answer"
    world.run_to_rest()
    assert world.seen == [2]
    assert [sent.seq for sent in world.answered.values()] == [1]


def test_same_text_from_another_device_is_an_event() -> None:
    world = Harness()
    world.perform("send")
    world.perform("own phone writes")
    world.process_next()
    world.disconnect()
    world.run_to_rest()
    assert world.seen == [1]
    assert [sent.seq for sent in world.answered.values()] == [2]


def test_cancelled_send_that_was_written_comes_as_event() -> None:
    world = Harness()
    world.perform("send")
    world.process_next()
    world.perform("cancel")
    world.run_to_rest()
    assert world.seen == [1]


def test_entry_held_for_a_send_is_synced_when_send_is_cancelled() -> None:
    world = Harness()
    world.perform("send")
    world.process_next()
    world.disconnect()
    world.connect()
    world.deliver(world.to_client.popleft())
    assert world.state.log_cursor.awaiting_reply
    world.perform("cancel")
    world.wait(0.0)
    while data := world.state.next_frame():
        world.to_server.append(data)
    assert isinstance(MSGPACK.decode(world.to_server[-1]), requests.SyncRequest)


def test_full_queue_leaves_events_on_server_until_there_is_room() -> None:
    world = Harness(queue=4)
    for _ in range(50):
        world.perform("bob writes")
        world.perform("deliver")
    assert len(world.state.event_queue) == 4
    assert world.state.timer() is None, "nothing is fetched for a reader who does not read"
    world.run_to_rest()
    assert world.seen == list(range(1, 51))


def test_replay_is_awaited_before_sync() -> None:
    world = Harness()
    world.disconnect()
    for _ in range(3):
        world.perform("bob writes")
    world.connect()
    world.deliver(world.to_client.popleft())
    world.wait(1.0)
    assert world.state.counters.gap_recoveries == 0
    world.to_client.clear()
    world.wait(20.0)
    assert world.state.counters.gap_recoveries == 1
    world.run_to_rest()
    assert world.seen == [1, 2, 3]


def test_unknown_event_type_is_skipped_and_its_seq_counts() -> None:
    world = Harness()
    world.deliver(codec.frame_from_map({"type": "reaction", "seq": 1, "emoji": "*"}))
    assert world.state.event_queue.cursor == Cursor("one", 1)
    assert world.state.counters.unknown_frames == 1
    assert not world.take_event()


def test_new_epoch_is_a_reset() -> None:
    world = Harness()
    world.perform("bob writes")
    world.disconnect()
    world.server = ModelServer(epoch="two")
    world.server.write("bob", "bob", "x")
    world.connect()
    assert world.state.take_event(world.now) == Reset(Cursor("two", 1))
    assert world.state.event_queue.cursor == Cursor("two", 1)


def test_refused_sync_waits_or_reconnects() -> None:
    world = Harness()
    world.perform("lost push")
    world.perform("bob writes")
    world.perform("deliver")
    world.perform("outage")
    world.wait(0.0)
    world.process_next()
    world.perform("deliver")
    assert world.state.next_frame() is None, "not before the time that the server said"
    world.wait(0.2)
    assert world.state.next_frame() is None
    world.wait(1.0)
    request = MSGPACK.decode(world.state.next_frame() or b"")
    assert isinstance(request, requests.SyncRequest)
    world.deliver(replies.ErrorReply(id=request.id, code=ErrorCode.NOT_FOUND, message=""))
    assert world.state.must_reconnect


@given(st.integers(min_value=0, max_value=20))
def test_saved_cursor_resumes_where_it_was(seq: int) -> None:
    server = ModelServer()
    for _ in range(20):
        server.write("bob", "bob", "x")
    state = ClientState(resume=Cursor("one", seq))
    hello = MSGPACK.decode(state.hello("token"))
    assert hello == requests.HelloRequest(token="token", resume=seq, epoch="one")
    assert isinstance(hello, requests.HelloRequest)
    welcome, replay = server.welcome(hello)
    state.welcome(welcome, 0.0)
    for event in replay:
        state.receive(msgspec.convert(msgspec.to_builtins(event), events.Event), 0.0)
    taken = [
        notice.seq for notice in iter(lambda: state.take_event(0.0), None) if isinstance(notice, events.MessageEvent)
    ]
    assert taken == list(range(seq + 1, 21))
    assert state.event_queue.cursor == Cursor("one", 20)


def test_own_writes_behind_unread_events_are_bounded() -> None:
    world = Harness()
    world.perform("lost push")
    for seq in range(2, OWN_WRITES_MAX + 2):
        world.state.log_cursor.mark_own(seq)
    with pytest.raises(EventBacklogError):
        world.perform("send")
