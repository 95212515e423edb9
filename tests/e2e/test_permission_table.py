"""Who may write to whom: all 360 cases, each with its own users, over real sockets.

S writes to R. The expected outcome is computed here from the six lines of the contract alone.
"""

import asyncio
import itertools
from typing import Any, NamedTuple

import pytest

from tests.e2e.device import CODECS, Device, connect
from tests.e2e.server_process import HostApp, Server, sign_token
from tests.e2e.session import conversation_texts

POLICIES = ("anyone", "followers", "following", "mutuals", "nobody")
BLOCKS = ("none", "R blocks S", "S blocks R")
PRIOR_CONTACTS = ("none", "R wrote to S", "R accepted S")
CONCURRENCY = 24
"""Cases that run at the same time."""


class Case(NamedTuple):
    policy: str
    s_follows: bool
    r_follows: bool
    block: str
    prior: str
    knocks: bool


CASES = [
    Case(*case)
    for case in itertools.product(POLICIES, (False, True), (False, True), BLOCKS, PRIOR_CONTACTS, (False, True))
]


def expected(case: Case) -> str:
    """The folder, or the error code."""
    if case.block != "none":
        return "not_allowed"
    if case.prior != "none":
        return "inbox"
    allows = {
        "anyone": True,
        "followers": case.s_follows,
        "following": case.r_follows,
        "mutuals": case.s_follows and case.r_follows,
        "nobody": False,
    }
    if allows[case.policy]:
        return "inbox"
    return "requests" if case.knocks else "not_allowed"


def test_permission_table_has_360_cases():
    assert len(set(CASES)) == 360
    outcomes = [expected(case) for case in CASES]
    # 240 cases are blocked. Of the rest, 80 have a prior contact. Without one, the policies allow 4 + 2 + 2 + 1 of 20
    # combinations, each with knocks and without; half of the other 22 may knock.
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {
        "not_allowed": 240 + 11,
        "inbox": 80 + 18,
        "requests": 11,
    }


def codec_of(number: int) -> str:
    return ("json", "msgpack")[number // 2 % 2]  # not the last bit, which is `knocks`


class PermissionCase:
    """The two users of a case, with the settings and relations that it describes."""

    def __init__(self, server: Server, host: HostApp, number: int, case: Case) -> None:
        self._server = server
        self._host = host
        self.case = case
        self.s, self.r = f"S-{number}", f"R-{number}"
        self._codec = codec_of(number)

    async def set_up(self) -> tuple[Device, Device]:
        host, case = self._host, self.case
        await host.put_user(self.s, dm_policy="anyone")
        await host.put_user(self.r, dm_policy="nobody", knocks=True)
        sender = await connect(self._server, sign_token(self.s), codec=self._codec)
        recipient = await connect(self._server, sign_token(self.r), codec=self._codec)
        if case.prior == "R wrote to S":
            await recipient.send(self.s, "before")
        elif case.prior == "R accepted S":
            await sender.send(self.r, "before")
            await recipient.ok("accept", peer=self.s)
        if case.s_follows:
            await host.follow(self.s, self.r)
        if case.r_follows:
            await host.follow(self.r, self.s)
        await host.put_user(self.r, dm_policy=case.policy, knocks=case.knocks)
        if case.block == "R blocks S":
            await recipient.ok("block", user=self.s)
        elif case.block == "S blocks R":
            await sender.ok("block", user=self.r)
        await recipient.remaining_events()
        return sender, recipient

    async def run(self) -> tuple[str, bytes | None]:
        """The outcome; for a refusal also the bytes of the error frame, without the id."""
        sender, recipient = await self.set_up()
        try:
            can_message = (await sender.ok("profile", user=self.r))["can_message"]
            head = recipient.journal.seq
            reply = await sender.request("send", to=self.r, text="may I?", nonce="this one")
            outcome = reply.get("folder") or reply["code"]
            assert can_message == {"inbox": "yes", "requests": "knock"}.get(outcome, "no")
            if reply["type"] == "sent":
                await self._assert_delivered(sender, recipient, outcome)
                return outcome, None
            refusal = _without_id(sender.raw_errors[reply["id"]], reply["id"])
            await self._assert_no_trace(sender, recipient, head)
            return outcome, refusal
        finally:
            await asyncio.gather(sender.close(), recipient.close())

    async def _assert_delivered(self, sender: Device, recipient: Device, folder: str) -> None:
        event = await recipient.next_event()
        assert (event["type"], event["from"], event["text"], event["folder"]) == ("message", self.s, "may I?", folder)
        assert (await conversation_texts(recipient, self.s))[-1] == "may I?"
        if folder == "requests":
            assert await sender.error_code("send", to=self.r, text="please", nonce="another") == "awaiting_acceptance"
            assert await recipient.remaining_events() == []
            assert await conversation_texts(recipient, self.s) == ["may I?"]

    async def _assert_no_trace(self, sender: Device, recipient: Device, head: int | None) -> None:
        assert await recipient.remaining_events() == []
        assert recipient.journal.seq == head
        before = [] if self.case.prior == "none" else ["before"]
        if before:
            # The blocker does not see the messages of the blocked user.
            shown = [""] if (self.case.block, self.case.prior) == ("R blocks S", "R accepted S") else before
            assert await conversation_texts(recipient, self.s) == shown
            shown = [""] if (self.case.block, self.case.prior) == ("S blocks R", "R wrote to S") else before
            assert await conversation_texts(sender, self.r) == shown
        else:
            assert await recipient.error_code("history", peer=self.s) == "not_found"
            assert await sender.error_code("history", peer=self.r) == "not_found"
        assert (await recipient.ok("search", query="may"))["hits"] == []


def _without_id(raw: str | bytes, id: int) -> bytes:
    data = raw.encode() if isinstance(raw, str) else raw
    assert 0 < id < 128
    as_sent = b'"id":%d' % id if isinstance(raw, str) else b"\xa2id%c" % id
    assert data.count(as_sent) == 1, data
    return data.replace(as_sent, b"")


@pytest.fixture
async def outcomes(server: Server, host: HostApp) -> list[tuple[str, Any]]:
    slots = asyncio.Semaphore(CONCURRENCY)

    async def run_case(number: int, case: Case) -> tuple[str, Any]:
        async with slots:
            try:
                return await PermissionCase(server, host, number, case).run()
            except Exception as error:
                raise AssertionError(f"in {case}") from error

    return await asyncio.gather(*(run_case(number, case) for number, case in enumerate(CASES)))


async def test_permission_table_holds_over_sockets(outcomes: list[tuple[str, Any]]):
    wrong = {
        case: (outcome, expected(case))
        for case, (outcome, _) in zip(CASES, outcomes, strict=True)
        if outcome != expected(case)
    }
    assert wrong == {}
    for codec in CODECS:
        refusals = [raw for number, (_, raw) in enumerate(outcomes) if raw is not None and codec_of(number) == codec]
        assert len(refusals) > 100
        assert len(set(refusals)) == 1, "refusals must be indistinguishable to the sender"
