"""Negotiation of the subprotocol."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol import version

OFFERS = st.lists(st.sampled_from([version.JSON, version.MSGPACK, "bussa.v2.json", "chat", ""]), max_size=6)


@given(offered=OFFERS)
def test_first_known_subprotocol_is_chosen(offered: list[str]) -> None:
    known = [name for name in offered if name in version.KNOWN]
    if offered and not known:
        with pytest.raises(version.NoCommonSubprotocolError, match=version.JSON):
            version.choose(offered)
    else:
        assert version.choose(offered) == (known[0] if known else None)
