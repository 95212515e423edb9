"""Pages and events, folded in any order and more than once, give the same conversations."""

from hypothesis import given
from hypothesis import strategies as st

from bussa.chat.book import THREADS, Book
from bussa.chat.thread import WINDOW, Going, Thread
from bussa_protocol.frames import events, parts, replies


def message(n: int, sender: str = "bob", peer: str = "bob") -> parts.Message:
    return parts.Message(peer=peer, n=n, sender=sender, text=f"text {n}", at=n)


def event(n: int, sender: str = "bob", peer: str = "bob", folder: str = "inbox") -> events.Message:
    return events.Message(
        seq=n,
        peer=peer,
        n=n,
        sender=sender,
        text=f"text {n}",
        at=n,
        folder=folder,
    )


def history(numbers: range, *, more: bool = False) -> replies.History:
    return replies.History(id=1, peer="bob", messages=[message(n) for n in numbers], more=more)


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


def page(*conversations: parts.Conversation) -> replies.Conversations:
    return replies.Conversations(id=1, conversations=list(conversations), next=None)


def test_a_message_is_counted_once_whether_it_came_by_page_or_by_event() -> None:
    book = Book("me")
    book.apply(event(5), 0.0)
    book.page("inbox", page(conversation(5, unread=1, read=4)))
    book.apply(event(5), 0.0)
    assert (book.row("bob").unread, book.row("bob").name) == (1, "Bob")
    book.apply(event(6), 0.0)
    assert book.row("bob").unread == 2
    book.page("inbox", page(conversation(5, unread=1, read=4)))
    assert book.row("bob").unread == 2, "an older page takes nothing back"


def test_reading_counts_down_here_and_from_another_device() -> None:
    book = Book("me")
    for n in range(1, 6):
        book.apply(event(n), 0.0)
    book.apply(events.Read(seq=9, peer="bob", by="me", n=3), 0.0)
    assert book.row("bob").unread == 2
    book.read("bob", 5)
    assert (book.row("bob").unread, book.unread("inbox")) == (0, 0)
    book.apply(events.Read(seq=10, peer="bob", by="bob", n=2), 0.0)
    assert book.row("bob").peer_read == 2


def test_writing_back_is_accepting() -> None:
    book = Book("me")
    book.apply(event(1, folder="requests"), 0.0)
    assert [row.peer for row in book.folder("requests")] == ["bob"]
    book.apply(event(2, sender="me"), 0.0)
    assert [row.peer for row in book.folder("inbox")] == ["bob"]


def test_what_changed_elsewhere_changes_here() -> None:
    book = Book("me")
    book.apply(event(1), 0.0)
    book.apply(events.Conversation(seq=2, peer="bob", folder="declined", muted=True, blocked=True), 0.0)
    row = book.row("bob")
    assert (row.folder, row.muted, row.blocked) == ("declined", True, True)
    assert book.folder("inbox") == book.folder("requests") == []
    book.apply(events.Settings(seq=3, settings=parts.Settings(knocks=True)), 0.0)
    assert book.settings == parts.Settings(knocks=True)
    assert book.apply(events.Hidden(seq=4), 0.0) is None


def test_a_sign_of_writing_is_believed_for_a_while_and_ends_with_the_message() -> None:
    book = Book("me")
    book.apply(events.Typing(peer="bob"), 0.0)
    assert book.is_typing("bob", 4.9)
    assert not book.is_typing("bob", 5.1)
    book.apply(event(1), 1.0)
    assert not book.is_typing("bob", 1.0)


def test_threads_are_bounded_and_the_ones_with_something_to_send_stay() -> None:
    book = Book("me")
    book.thread("keeps").say("on its way", 0)
    for number in range(THREADS * 2):
        book.thread(f"peer{number}")
    assert book.known_thread("keeps") is not None
    assert sum(book.known_thread(f"peer{number}") is not None for number in range(THREADS * 2)) <= THREADS


def test_a_reset_keeps_what_is_on_its_way() -> None:
    book = Book("me")
    book.thread("bob").start(history(range(1, 3)))
    going = book.thread("bob").say("x", 0)
    book.forget()
    assert not book.thread("bob").loaded
    assert book.thread("bob").outgoing == [going]


def test_a_live_message_with_a_hole_before_it_makes_the_thread_read_anew() -> None:
    book = Book("me")
    book.thread("bob").start(history(range(1, 4)))
    book.apply(event(4), 0.0)
    assert (book.thread("bob").loaded, book.thread("bob").last) == (True, 4)
    book.apply(event(6), 0.0)
    assert not book.thread("bob").loaded


def test_a_message_on_its_way_fails_is_tried_again_under_its_nonce_and_arrives() -> None:
    thread = Thread("bob", "me")
    thread.start(history(range(1, 3)))
    going = thread.say("ciao", 0, reply_to=2)
    nonce = going.nonce
    thread.failed(going, "no")
    assert going.going is Going.FAILED
    assert thread.retry() == [going]
    assert (going.nonce, going.going, going.why) == (nonce, Going.SENDING, "")
    sent = thread.sent(going, replies.Sent(id=1, peer="bob", n=3, seq=9, at=7, folder="inbox"))
    assert (sent.text, sent.n, sent.reply_to) == ("ciao", 3, 2)
    assert thread.outgoing == []
    assert thread.find(3) == sent


@given(
    st.lists(st.sampled_from(["older", "newer", "live", "sent", "jump", "newest"]), max_size=60), st.integers(0, 900)
)
def test_the_window_is_contiguous_bounded_and_never_wrong_about_its_edges(acts: list[str], start: int) -> None:
    """Against a conversation that grows, whatever is paged and whatever arrives."""
    head = start
    thread = Thread("bob", "me")

    def numbers(low: int, high: int) -> range:
        return range(max(1, low), min(head, high) + 1)

    def newest() -> None:
        thread.start(history(numbers(head - 49, head), more=head > 50))

    newest()
    for act in acts:
        match act:
            case "older" if thread.more_before:
                thread.older(history(numbers(thread.first - 200, thread.first - 1), more=thread.first - 200 > 1))
            case "newer" if thread.more_after:
                thread.newer(history(numbers(thread.last + 1, thread.last + 200), more=thread.last + 200 < head))
            case "live" | "sent":
                head += 1
                if not thread.more_after and not thread.add(message(head)):
                    thread.loaded = False
            case "jump" if head > 100:
                middle = head // 2
                page = history(numbers(middle - 25, middle + 24), more=middle - 25 > 1)
                thread.start(page, more_after=page.messages[-1].n < head)
            case _:
                newest()
        assert thread.loaded
        held = [kept.n for kept in thread.messages]
        assert held == list(range(thread.first, thread.last + 1)) or not held
        assert len(held) <= WINDOW
        if held:
            assert thread.more_before == (thread.first > 1)
            assert thread.more_after == (thread.last < head)
            found = thread.find(thread.first)
            assert found is not None
            assert found.n == thread.first
        assert thread.find(head + 1) is None
