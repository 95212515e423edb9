"""Pages and events folded in any order, and more than once, give the same conversations."""

from hypothesis import given
from hypothesis import strategies as st

from bussa.chat.conversation_store import THREADS_MAX, ConversationStore
from bussa.chat.thread import WINDOW_SIZE, SendState, Thread
from bussa_protocol.frames import events, parts, replies


def message(n: int, sender: str = "bob", peer: str = "bob") -> parts.Message:
    return parts.Message(peer=peer, n=n, sender=sender, text=f"text {n}", at=n)


def event(n: int, sender: str = "bob", peer: str = "bob", folder: str = "inbox") -> events.MessageEvent:
    return events.MessageEvent(
        seq=n,
        peer=peer,
        n=n,
        sender=sender,
        text=f"text {n}",
        at=n,
        folder=folder,
    )


def history(numbers: range, *, more: bool = False) -> replies.HistoryReply:
    return replies.HistoryReply(id=1, peer="bob", messages=[message(n) for n in numbers], more=more)


def conversation(n: int, *, unread: int = 0, read: int = 0, folder: str = "inbox") -> parts.Conversation:
    return parts.Conversation(
        peer="bob",
        last=message(n),
        unread=unread,
        read=read,
        peer_read=None,
        muted=False,
        folder=folder,
        blocked=False,
        name="Bob",
    )


def page(*conversations: parts.Conversation) -> replies.ConversationsReply:
    return replies.ConversationsReply(id=1, conversations=list(conversations), next=None)


def test_message_from_page_and_event_counts_once() -> None:
    store = ConversationStore("me")
    store.apply(event(5), 0.0)
    store.merge_page("inbox", page(conversation(5, unread=1, read=4)))
    store.apply(event(5), 0.0)
    assert (store.row("bob").unread, store.row("bob").name) == (1, "Bob")
    store.apply(event(6), 0.0)
    assert store.row("bob").unread == 2
    store.merge_page("inbox", page(conversation(5, unread=1, read=4)))
    assert store.row("bob").unread == 2, "an older page reverts nothing"


def test_read_lowers_unread_count_from_any_device() -> None:
    store = ConversationStore("me")
    for n in range(1, 6):
        store.apply(event(n), 0.0)
    store.apply(events.ReadEvent(seq=9, peer="bob", by="me", n=3), 0.0)
    assert store.row("bob").unread == 2
    store.mark_read("bob", 5)
    assert (store.row("bob").unread, store.unread_conversations("inbox")) == (0, 0)
    store.apply(events.ReadEvent(seq=10, peer="bob", by="bob", n=2), 0.0)
    assert store.row("bob").peer_read == 2


def test_reply_to_knock_accepts_it() -> None:
    store = ConversationStore("me")
    store.apply(event(1, folder="requests"), 0.0)
    assert [row.peer for row in store.rows_in("requests")] == ["bob"]
    store.apply(event(2, sender="me"), 0.0)
    assert [row.peer for row in store.rows_in("inbox")] == ["bob"]


def test_conversation_and_settings_events_are_applied() -> None:
    store = ConversationStore("me")
    store.apply(event(1), 0.0)
    store.apply(events.ConversationEvent(seq=2, peer="bob", folder="declined", muted=True, blocked=True), 0.0)
    row = store.row("bob")
    assert (row.folder, row.muted, row.blocked) == ("declined", True, True)
    assert store.rows_in("inbox") == store.rows_in("requests") == []
    store.apply(events.SettingsEvent(seq=3, settings=parts.Settings(knocks=True)), 0.0)
    assert store.settings == parts.Settings(knocks=True)
    assert store.apply(events.HiddenEvent(seq=4), 0.0) is None


def test_typing_expires_and_ends_with_the_message() -> None:
    store = ConversationStore("me")
    store.apply(events.TypingEvent(peer="bob"), 0.0)
    assert store.is_typing("bob", 4.9)
    assert not store.is_typing("bob", 5.1)
    store.apply(event(1), 1.0)
    assert not store.is_typing("bob", 1.0)


def test_threads_are_bounded_but_outgoing_messages_are_kept() -> None:
    store = ConversationStore("me")
    store.thread("kept").add_outgoing("unsent", 0)
    for number in range(THREADS_MAX * 2):
        store.thread(f"peer{number}")
    assert store.find_thread("kept") is not None
    assert sum(store.find_thread(f"peer{number}") is not None for number in range(THREADS_MAX * 2)) <= THREADS_MAX


def test_clear_keeps_outgoing_messages() -> None:
    store = ConversationStore("me")
    store.thread("bob").load(history(range(1, 3)))
    outgoing = store.thread("bob").add_outgoing("x", 0)
    store.clear()
    assert not store.thread("bob").loaded
    assert store.thread("bob").outgoing == [outgoing]


def test_live_message_after_gap_reloads_thread() -> None:
    store = ConversationStore("me")
    store.thread("bob").load(history(range(1, 4)))
    store.apply(event(4), 0.0)
    assert (store.thread("bob").loaded, store.thread("bob").last) == (True, 4)
    store.apply(event(6), 0.0)
    assert not store.thread("bob").loaded


def test_failed_message_is_retried_under_its_nonce() -> None:
    thread = Thread("bob", "me")
    thread.load(history(range(1, 3)))
    outgoing = thread.add_outgoing("ciao", 0, reply_to=2)
    nonce = outgoing.nonce
    thread.fail(outgoing, "no")
    assert outgoing.state is SendState.FAILED
    assert thread.retry() == [outgoing]
    assert (outgoing.nonce, outgoing.state, outgoing.error) == (nonce, SendState.SENDING, "")
    sent = thread.confirm(outgoing, replies.SentReply(id=1, peer="bob", n=3, seq=9, at=7, folder="inbox"))
    assert (sent.text, sent.n, sent.reply_to) == ("ciao", 3, 2)
    assert thread.outgoing == []
    assert thread.find(3) == sent


@given(
    st.lists(st.sampled_from(["older", "newer", "live", "sent", "jump", "newest"]), max_size=60), st.integers(0, 900)
)
def test_thread_window_is_contiguous_and_bounded(steps: list[str], start: int) -> None:
    """In a growing conversation, for any sequence of pages and live messages."""
    head = start
    thread = Thread("bob", "me")

    def numbers(low: int, high: int) -> range:
        return range(max(1, low), min(head, high) + 1)

    def newest() -> None:
        thread.load(history(numbers(head - 49, head), more=head > 50))

    newest()
    for step in steps:
        match step:
            case "older" if thread.more_before:
                thread.prepend(history(numbers(thread.first - 200, thread.first - 1), more=thread.first - 200 > 1))
            case "newer" if thread.more_after:
                thread.append(history(numbers(thread.last + 1, thread.last + 200), more=thread.last + 200 < head))
            case "live" | "sent":
                head += 1
                if not thread.more_after and not thread.add_live(message(head)):
                    thread.loaded = False
            case "jump" if head > 100:
                middle = head // 2
                page = history(numbers(middle - 25, middle + 24), more=middle - 25 > 1)
                thread.load(page, more_after=page.messages[-1].n < head)
            case _:
                newest()
        assert thread.loaded
        held = [kept.n for kept in thread.messages]
        assert held == list(range(thread.first, thread.last + 1)) or not held
        assert len(held) <= WINDOW_SIZE
        if held:
            assert thread.more_before == (thread.first > 1)
            assert thread.more_after == (thread.last < head)
            found = thread.find(thread.first)
            assert found is not None
            assert found.n == thread.first
        assert thread.find(head + 1) is None
