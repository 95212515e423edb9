"""The echo server for Autobahn, and the table of its verdicts; without Autobahn itself."""

import pytest

from tests.autobahn.echo import LIMITS, serving
from tests.autobahn.verdicts import Verdict, is_failure, parse_index, table
from tests.transport.peer import BINARY, TEXT, frame, peer


@pytest.mark.parametrize("limits", LIMITS)
async def test_message_is_echoed(limits: str) -> None:
    large = bytes(LIMITS[limits])
    async with serving(limits) as port, peer(port) as device:
        assert await device.upgrade(subprotocol=b"") == 101
        for payload, opcode in (("à".encode(), TEXT), (b"\xff", BINARY), (b"", TEXT), (large, BINARY)):
            await device.write(frame(payload, opcode))
            assert await device.frame() == (opcode, payload)
        await device.write(frame(b"a", TEXT, fin=False) + frame(b"", 0, fin=False) * 2000 + frame(b"b", 0))
        if limits == "wide":
            assert await device.frame() == (TEXT, b"ab")
        else:
            assert await device.close_code() == 4429


async def test_invalid_utf_8_closes_with_1007() -> None:
    async with serving("contract") as port, peer(port) as device:
        await device.upgrade(subprotocol=b"")
        await device.write(frame(b"\xff"))
        assert await device.close_code() == 1007


def test_verdicts_are_tabulated() -> None:
    found = parse_index(
        {
            "bussa": {
                "1.1.1": {"behavior": "OK", "behaviorClose": "OK"},
                "6.4.10": {"behavior": "OK", "behaviorClose": "WRONG CODE"},
                "6.4.9": {"behavior": "NON-STRICT", "behaviorClose": "OK"},
            }
        }
    )
    assert table(found).splitlines() == [
        "| section | bussa |",
        "| --- | --- |",
        "| 1 framing | 1 ok |",
        "| 6 UTF-8 | 1 failed, 1 non-strict |",
        "| all | 1 ok, 1 failed, 1 non-strict |",
        "",
        "- 6.4.9, bussa: NON-STRICT, closing OK",
        "- 6.4.10, bussa: OK, closing WRONG CODE",
    ]


@pytest.mark.parametrize(
    ("behavior", "closing", "bad"),
    [
        ("OK", "OK", False),
        ("NON-STRICT", "OK", False),
        ("INFORMATIONAL", "INFORMATIONAL", False),
        ("FAILED", "OK", True),
        ("UNIMPLEMENTED", "OK", True),
        ("OK", "FAILED", True),
        ("OK", "FAILED BY CLIENT", True),
        ("OK", "UNCLEAN", True),
    ],
)
def test_failed_verdicts_are_recognized(behavior: str, closing: str, bad: bool) -> None:
    assert is_failure(Verdict(behavior, closing)) is bad
