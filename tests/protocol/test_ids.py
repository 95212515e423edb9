"""User ids."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bussa_protocol.codec import CODECS, FrameError
from bussa_protocol.frames.requests import TypingRequest
from bussa_protocol.ids import is_user_id

ALLOWED = frozenset(string.ascii_letters + string.digits + "_.:-")


@given(value=st.text(max_size=70) | st.text(sorted(ALLOWED), max_size=70))
@example("")
@example("bob\n")
@example("\nbob")
@example("bob\r\n")
@example("bob\u2028")
@example("bob\0")
@example("bób")
@example("٣")
@example("ａ")
@example("u" * 64)
@example("u" * 65)
def test_user_id_has_1_to_64_allowed_characters(value: str) -> None:
    assert is_user_id(value) == (1 <= len(value) <= 64 and ALLOWED.issuperset(value))


@pytest.mark.parametrize("value", ["", "bob\n", "\nbob", "bób", "a b", "u" * 65])
def test_codecs_refuse_invalid_user_ids(value: str) -> None:
    for codec in CODECS:
        with pytest.raises(FrameError):
            codec.decode(codec.encode(TypingRequest(peer=value)))
