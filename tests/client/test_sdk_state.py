"""The state machine of the client over connections that break anywhere: no gap, no duplicate, no lost send.

The harness has one user's log, a connection that loses, duplicates and reorders frames as the protocol allows, and an
application that reads slowly and cancels requests. In the end the application has every entry of the log once: as an
event, in order, or as the reply to its own send.
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

STEPS = st.sampled_from(
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


@given(st.lists(STEPS, max_size=120))
@settings(max_examples=400, deadline=None)
def test_events_have_no_gap_or_duplicate_over_any_disconnects(steps: list[str]) -> None:
    harness = Harness()
    for step in steps:
        harness.perform(step)
    harness.run_to_rest()
    harness.check_invariants()
    assert not harness.reset_gaps


@given(st.lists(STEPS | st.just("cut"), max_size=120))
@settings(max_examples=200, deadline=None)
def test_trimmed_log_gives_reset_and_loses_nothing_else(steps: list[str]) -> None:
    harness = Harness()
    for step in steps:
        harness.perform(step)
    harness.run_to_rest()
    harness.check_invariants()


def test_log_trimmed_while_disconnected_gives_reset() -> None:
    harness = Harness()
    for step in ("disconnect", "lost push", "cut", "connect", "take"):
        harness.perform(step)
    harness.run_to_rest()
    harness.check_invariants()
    assert harness.reset_gaps == {1}


@given(st.lists(st.sampled_from(["send", "process", "disconnect", "connect", "outage", "outage after commit", "wait"])))
@settings(max_examples=200, deadline=None)
def test_every_send_is_retried_under_its_nonce_until_answered(steps: list[str]) -> None:
    harness = Harness()
    for step in steps:
        harness.perform(step)
    sends = steps.count("send")
    harness.run_to_rest()
    assert len(harness.answered) == sends
    assert len(harness.server.sent) == sends, "one message per nonce"
    assert harness.server.head == sends


def test_echo_of_unanswered_send_is_no_event() -> None:
    harness = Harness()
    harness.perform("send")
    harness.process_next()
    harness.disconnect()
    harness.perform("bob writes")
    harness.connect()
    while harness.to_client:
        harness.deliver(harness.to_client.popleft())
    assert not harness.take_event(), "the echo and later events wait for the reply"
    harness.run_to_rest()
    assert harness.seen == [2]
    assert [sent.seq for sent in harness.answered.values()] == [1]


def test_same_text_from_another_device_is_an_event() -> None:
    harness = Harness()
    harness.perform("send")
    harness.perform("own phone writes")
    harness.process_next()
    harness.disconnect()
    harness.run_to_rest()
    assert harness.seen == [1]
    assert [sent.seq for sent in harness.answered.values()] == [2]


def test_cancelled_send_that_was_written_comes_as_event() -> None:
    harness = Harness()
    harness.perform("send")
    harness.process_next()
    harness.perform("cancel")
    harness.run_to_rest()
    assert harness.seen == [1]


def test_entry_held_for_a_send_is_synced_when_send_is_cancelled() -> None:
    harness = Harness()
    harness.perform("send")
    harness.process_next()
    harness.disconnect()
    harness.connect()
    harness.deliver(harness.to_client.popleft())
    assert harness.state.log_cursor.awaiting_reply
    harness.perform("cancel")
    harness.wait(0.0)
    while data := harness.state.next_frame():
        harness.to_server.append(data)
    assert isinstance(MSGPACK.decode(harness.to_server[-1]), requests.SyncRequest)


def test_full_queue_leaves_events_on_server_until_there_is_room() -> None:
    harness = Harness(queue=4)
    for _ in range(50):
        harness.perform("bob writes")
        harness.perform("deliver")
    assert len(harness.state.event_queue) == 4
    assert harness.state.timer() is None, "nothing is fetched while the queue is full"
    harness.run_to_rest()
    assert harness.seen == list(range(1, 51))


def test_replay_is_awaited_before_sync() -> None:
    harness = Harness()
    harness.disconnect()
    for _ in range(3):
        harness.perform("bob writes")
    harness.connect()
    harness.deliver(harness.to_client.popleft())
    harness.wait(1.0)
    assert harness.state.counters.gap_recoveries == 0
    harness.to_client.clear()
    harness.wait(20.0)
    assert harness.state.counters.gap_recoveries == 1
    harness.run_to_rest()
    assert harness.seen == [1, 2, 3]


def test_unknown_event_type_is_skipped_and_its_seq_counts() -> None:
    harness = Harness()
    harness.deliver(codec.frame_from_map({"type": "reaction", "seq": 1, "emoji": "*"}))
    assert harness.state.event_queue.cursor == Cursor("one", 1)
    assert harness.state.counters.unknown_frames == 1
    assert not harness.take_event()


def test_new_epoch_is_a_reset() -> None:
    harness = Harness()
    harness.perform("bob writes")
    harness.disconnect()
    harness.server = ModelServer(epoch="two")
    harness.server.write("bob", "bob", "x")
    harness.connect()
    assert harness.state.take_event(harness.now) == Reset(Cursor("two", 1))
    assert harness.state.event_queue.cursor == Cursor("two", 1)


def test_refused_sync_waits_or_reconnects() -> None:
    harness = Harness()
    harness.perform("lost push")
    harness.perform("bob writes")
    harness.perform("deliver")
    harness.perform("outage")
    harness.wait(0.0)
    harness.process_next()
    harness.perform("deliver")
    assert harness.state.next_frame() is None, "not before retry_after"
    harness.wait(0.2)
    assert harness.state.next_frame() is None
    harness.wait(1.0)
    request = MSGPACK.decode(harness.state.next_frame() or b"")
    assert isinstance(request, requests.SyncRequest)
    harness.deliver(replies.ErrorReply(id=request.id, code=ErrorCode.NOT_FOUND, message=""))
    assert harness.state.must_reconnect


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
    taken = [event.seq for event in iter(lambda: state.take_event(0.0), None) if isinstance(event, events.MessageEvent)]
    assert taken == list(range(seq + 1, 21))
    assert state.event_queue.cursor == Cursor("one", 20)


def test_own_writes_behind_unread_events_are_bounded() -> None:
    harness = Harness()
    harness.perform("lost push")
    for seq in range(2, OWN_WRITES_MAX + 2):
        harness.state.log_cursor.mark_own(seq)
    with pytest.raises(EventBacklogError):
        harness.perform("send")
