"""Pages and events, folded in any order and more than once, give the same conversations."""

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
    book = ConversationStore("me")
    book.apply(event(5), 0.0)
    book.merge_page("inbox", page(conversation(5, unread=1, read=4)))
    book.apply(event(5), 0.0)
    assert (book.row("bob").unread, book.row("bob").name) == (1, "Bob")
    book.apply(event(6), 0.0)
    assert book.row("bob").unread == 2
    book.merge_page("inbox", page(conversation(5, unread=1, read=4)))
    assert book.row("bob").unread == 2, "an older page takes nothing back"


def test_read_lowers_unread_count_from_any_device() -> None:
    book = ConversationStore("me")
    for n in range(1, 6):
        book.apply(event(n), 0.0)
    book.apply(events.ReadEvent(seq=9, peer="bob", by="me", n=3), 0.0)
    assert book.row("bob").unread == 2
    book.mark_read("bob", 5)
    assert (book.row("bob").unread, book.unread_conversations("inbox")) == (0, 0)
    book.apply(events.ReadEvent(seq=10, peer="bob", by="bob", n=2), 0.0)
    assert book.row("bob").peer_read == 2


def test_reply_to_knock_accepts_it() -> None:
    book = ConversationStore("me")
    book.apply(event(1, folder="requests"), 0.0)
    assert [row.peer for row in book.rows_in("requests")] == ["bob"]
    book.apply(event(2, sender="me"), 0.0)
    assert [row.peer for row in book.rows_in("inbox")] == ["bob"]


def test_conversation_and_settings_events_are_applied() -> None:
    book = ConversationStore("me")
    book.apply(event(1), 0.0)
    book.apply(events.ConversationEvent(seq=2, peer="bob", folder="declined", muted=True, blocked=True), 0.0)
    row = book.row("bob")
    assert (row.folder, row.muted, row.blocked) == ("declined", True, True)
    assert book.rows_in("inbox") == book.rows_in("requests") == []
    book.apply(events.SettingsEvent(seq=3, settings=parts.Settings(knocks=True)), 0.0)
    assert book.settings == parts.Settings(knocks=True)
    assert book.apply(events.HiddenEvent(seq=4), 0.0) is None


def test_typing_expires_and_ends_with_the_message() -> None:
    book = ConversationStore("me")
    book.apply(events.TypingEvent(peer="bob"), 0.0)
    assert book.is_typing("bob", 4.9)
    assert not book.is_typing("bob", 5.1)
    book.apply(event(1), 1.0)
    assert not book.is_typing("bob", 1.0)


def test_threads_are_bounded_but_outgoing_messages_are_kept() -> None:
    book = ConversationStore("me")
    book.thread("keeps").add_outgoing("on its way", 0)
    for number in range(THREADS_MAX * 2):
        book.thread(f"peer{number}")
    assert book.find_thread("keeps") is not None
    assert sum(book.find_thread(f"peer{number}") is not None for number in range(THREADS_MAX * 2)) <= THREADS_MAX


def test_clear_keeps_outgoing_messages() -> None:
    book = ConversationStore("me")
    book.thread("bob").load(history(range(1, 3)))
    going = book.thread("bob").add_outgoing("x", 0)
    book.clear()
    assert not book.thread("bob").loaded
    assert book.thread("bob").outgoing == [going]


def test_live_message_after_gap_reloads_thread() -> None:
    book = ConversationStore("me")
    book.thread("bob").load(history(range(1, 4)))
    book.apply(event(4), 0.0)
    assert (book.thread("bob").loaded, book.thread("bob").last) == (True, 4)
    book.apply(event(6), 0.0)
    assert not book.thread("bob").loaded


def test_failed_message_is_retried_under_its_nonce() -> None:
    thread = Thread("bob", "me")
    thread.load(history(range(1, 3)))
    going = thread.add_outgoing("ciao", 0, reply_to=2)
    nonce = going.nonce
    thread.fail(going, "no")
    assert going.state is SendState.FAILED
    assert thread.retry() == [going]
    assert (going.nonce, going.state, going.error) == (nonce, SendState.SENDING, "")
    sent = thread.confirm(going, replies.SentReply(id=1, peer="bob", n=3, seq=9, at=7, folder="inbox"))
    assert (sent.text, sent.n, sent.reply_to) == ("ciao", 3, 2)
    assert thread.outgoing == []
    assert thread.find(3) == sent


@given(
    st.lists(st.sampled_from(["older", "newer", "live", "sent", "jump", "newest"]), max_size=60), st.integers(0, 900)
)
def test_thread_window_is_contiguous_and_bounded(acts: list[str], start: int) -> None:
    """Against a conversation that grows, whatever is paged and whatever arrives."""
    head = start
    thread = Thread("bob", "me")

    def numbers(low: int, high: int) -> range:
        return range(max(1, low), min(head, high) + 1)

    def newest() -> None:
        thread.load(history(numbers(head - 49, head), more=head > 50))

    newest()
    for act in acts:
        match act:
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
