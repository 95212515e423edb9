"""Text of strangers has no effect on the terminal."""

import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bussa.chat import sanitize
from bussa.chat.conversation_store import Row
from bussa.chat.thread import Thread
from bussa.chat.views.message_lines import fit, lay_out, wrap
from bussa_protocol.frames import parts, replies

TODAY = datetime(2026, 1, 1).astimezone()


@given(st.text())
def test_sanitized_text_has_no_control_or_direction_characters(text: str) -> None:
    out = sanitize.plain(text)
    for character in out:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Co")
        assert unicodedata.category(character) != "Cf" or character in "\u200c\u200d"
    assert sanitize.plain(out) == out


@given(st.text())
def test_sanitized_line_is_one_line(text: str) -> None:
    assert len(sanitize.line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "�]8;;http://evil�click�]8;;�"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\u2066\u2069\u200e\u200f\ufeff\u00ad", ""),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("tab\there", "tab    here"),
        ("perché è così", "perché è così"),
        ("👩\u200d🚀 🏳️\u200d🌈", "👩\u200d🚀 🏳️\u200d🌈"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Z" + "\u0301" * 50 + "x", "Z" + "\u0301" * sanitize.COMBINING_MAX + "x"),
        ("[bold red]no markup[/]", "[bold red]no markup[/]"),
        ("\ue000\x9b31m", "��31m"),
    ],
)
def test_sanitize_replaces_hostile_and_keeps_honest_text(text: str, shown: str) -> None:
    assert sanitize.plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://evil.example/x", "see http[:]//evil.example/x"),
        ("HTTPS://a FTP://b", "HTTPS[:]//a FTP[:]//b"),
        ("mailto:a@b tel:123", "mailto[:]a@b tel[:]123"),
        ("WWW.evil.example", "www[.]evil.example"),
        ("at 12:30 // note: yes", "at 12:30 // note: yes"),
    ],
)
def test_defanged_address_is_no_link(text: str, shown: str) -> None:
    assert sanitize.defang_links(text) == shown


@given(st.text(), st.integers(4, 60))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    # A width below 2 could not hold one wide character; the drawn widths can.
    assert all(cell_len(line) <= width for line in wrap(text, width))


@given(st.text(), st.integers(2, 60))
def test_truncated_text_fits(text: str, width: int) -> None:
    assert cell_len(fit(sanitize.line(text), width)) <= width


@given(st.text(min_size=1, max_size=80), st.text(max_size=30), st.integers(20, 80), st.booleans())
def test_thread_layout_stays_within_width(text: str, name: str, width: int, knock: bool) -> None:
    thread = Thread("bob", "me")
    messages = [
        parts.Message(peer="bob", n=1, sender="bob", text=text, at=0),
        parts.Message(peer="bob", n=2, sender="me", text=text, at=10_000_000, reply_to=1),
        parts.Message(peer="bob", n=3, sender="bob", text="", at=10_000_001, hidden=True),
    ]
    thread.load(replies.HistoryReply(id=1, peer="bob", messages=messages, more=True))
    thread.fail(thread.add_outgoing(text, 10_000_002), "no")
    lines = lay_out(thread, Row("bob", name, "requests" if knock else "inbox"), width, TODAY)
    for line in lines:
        assert cell_len(line.text.plain) <= width
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in line.text.plain)


def test_thread_layout_looks_like_a_conversation() -> None:
    thread = Thread("bob", "me")
    noon = int(TODAY.replace(hour=12).timestamp() * 1000)
    messages = [
        parts.Message(peer="bob", n=1, sender="bob", text="one", at=noon),
        parts.Message(peer="bob", n=2, sender="bob", text="two", at=noon + 60_000),
        parts.Message(peer="bob", n=3, sender="me", text="three", at=noon + 120_000, reply_to=2),
        parts.Message(peer="bob", n=4, sender="me", text="four", at=noon + 130_000),
    ]
    thread.load(replies.HistoryReply(id=1, peer="bob", messages=messages, more=False))
    thread.unread_from = 2
    thread.fail(thread.add_outgoing("five", noon + 140_000), "you can't message this person")
    thread.add_outgoing("six", noon + 150_000)
    lines = lay_out(thread, Row("bob", "Bob", "inbox", peer_read=3), 40, TODAY)
    assert [line.text.plain.rstrip() for line in lines] == [
        "──────────────── Today ─────────────────",
        "Bob  12:00",
        "  one",
        "",
        "───────────────── new ──────────────────",
        "Bob  12:01",
        "  two",
        "",
        "you  12:02",
        "  ↳ Bob: two",
        "  three                               ✓✓",
        "  four                                 ✓",
        "  five                                 ✗",
        "  not sent: you can't message this",
        "  person. /retry tries again",
        "  six                                  ○",
    ]
