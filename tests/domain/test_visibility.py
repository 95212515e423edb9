"""What a reader may see: authors of events, and what a block hides."""

from typing import get_args

import pytest

from bussa_protocol.frames import parts
from bussa_protocol.frames.events import (
    ConversationEvent,
    HiddenEvent,
    LogEvent,
    LogEventBase,
    MessageEvent,
    ReadEvent,
    SettingsEvent,
)
from bussa_server.domain.visibility import author_of, visible_message, visible_to

LOG_EVENTS: tuple[type[LogEventBase], ...] = get_args(LogEvent)


def message_event(sender: str) -> MessageEvent:
    return MessageEvent(seq=1, peer="ann", n=1, sender=sender, text="ciao", at=5, folder="inbox")


AUTHORS: list[tuple[LogEvent, str]] = [
    (message_event("ann"), "ann"),
    (message_event("bob"), "bob"),
    (ReadEvent(seq=2, peer="ann", by="ann", n=1), "ann"),
    (ReadEvent(seq=3, peer="ann", by="bob", n=1), "bob"),
    (ConversationEvent(seq=4, peer="ann", folder="inbox", muted=False, blocked=True), "bob"),
    (SettingsEvent(seq=5, settings=parts.Settings()), "bob"),
    (HiddenEvent(seq=6), "bob"),
]


@pytest.mark.parametrize("kind", LOG_EVENTS)
def test_each_log_event_declares_a_field_or_the_owner_as_author(kind: type[LogEventBase]) -> None:
    assert "author" in vars(kind)
    assert kind.author is None or kind.author in kind.__struct_fields__


def test_log_event_without_declared_author_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="ReactionEvent does not declare its author"):

        class ReactionEvent(LogEventBase, frozen=True, tag="reaction"):  # pyright: ignore[reportUnusedClass]
            by: str


def test_every_log_event_has_an_expected_author() -> None:
    assert {type(event) for event, _ in AUTHORS} == set(LOG_EVENTS)
    for event, author in AUTHORS:
        assert author_of(event, "bob") == author


@pytest.mark.parametrize(("event", "author"), AUTHORS)
def test_event_is_hidden_if_its_author_is_a_blocked_peer(event: LogEvent, author: str) -> None:
    assert visible_to("bob", event, False) is event
    shown = visible_to("bob", event, True)
    if author == "bob":
        assert shown is event
    else:
        assert shown == HiddenEvent(seq=event.seq)


def test_message_of_blocked_peer_keeps_its_place_without_text() -> None:
    theirs = parts.Message(peer="ann", n=3, sender="ann", text="ciao", at=5, reply_to=2)
    mine = parts.Message(peer="ann", n=4, sender="bob", text="ehi", at=6)
    hidden = parts.Message(peer="ann", n=3, sender="ann", text="", at=5, reply_to=2, hidden=True)
    assert visible_message("bob", theirs, False) is theirs
    assert visible_message("bob", theirs, True) == hidden
    assert visible_message("bob", mine, True) is mine
