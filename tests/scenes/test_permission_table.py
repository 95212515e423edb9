"""Who may write to whom: all 360 cases, each on people of its own, over real sockets.

S writes to R. What must come of it is worked out here from the contract's six lines, and from nothing else.
"""

import asyncio
import itertools
from typing import Any, NamedTuple

import pytest

from tests.scenes.device import CODECS, Device, connect
from tests.scenes.play import texts
from tests.scenes.serving import Host, Server, sign

POLICIES = ("anyone", "followers", "following", "mutuals", "nobody")
BLOCKS = ("none", "R blocks S", "S blocks R")
PRIORS = ("none", "R wrote to S", "R accepted S")
AT_ONCE = 24
"""Cases under way at the same time."""


class Case(NamedTuple):
    policy: str
    s_follows: bool
    r_follows: bool
    block: str
    prior: str
    knocks: bool


CASES = [
    Case(*case) for case in itertools.product(POLICIES, (False, True), (False, True), BLOCKS, PRIORS, (False, True))
]


def expected(case: Case) -> str:
    """The folder, or the code of the error."""
    if case.block != "none":
        return "not_allowed"
    if case.prior != "none":
        return "inbox"
    lets_in = {
        "anyone": True,
        "followers": case.s_follows,
        "following": case.r_follows,
        "mutuals": case.s_follows and case.r_follows,
        "nobody": False,
    }
    if lets_in[case.policy]:
        return "inbox"
    return "requests" if case.knocks else "not_allowed"


def test_the_table_is_whole():
    assert len(set(CASES)) == 360
    outcomes = [expected(case) for case in CASES]
    # Blocked: 240. Of the rest 80 have a prior contact; of those without one the policies let in 4 + 2 + 2 + 1 of
    # 20 combinations, with knocks or without; half of the others knocks.
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {
        "not_allowed": 240 + 11,
        "inbox": 80 + 18,
        "requests": 11,
    }


def codec_of(number: int) -> str:
    return ("json", "msgpack")[number // 2 % 2]  # not by the last bit, which is the knocks


class Stage:
    """Two people to a case, their doors arranged as it wants them."""

    def __init__(self, server: Server, host: Host, number: int, case: Case) -> None:
        self._server = server
        self._host = host
        self.case = case
        self.s, self.r = f"S-{number}", f"R-{number}"
        self._codec = codec_of(number)

    async def arrange(self) -> tuple[Device, Device]:
        host, case = self._host, self.case
        await host.person(self.s, dm_policy="anyone")
        await host.person(self.r, dm_policy="nobody", knocks=True)
        sender = await connect(self._server, sign(self.s), codec=self._codec)
        recipient = await connect(self._server, sign(self.r), codec=self._codec)
        if case.prior == "R wrote to S":
            await recipient.send(self.s, "before")
        elif case.prior == "R accepted S":
            await sender.send(self.r, "before")
            await recipient.ok("accept", peer=self.s)
        if case.s_follows:
            await host.follow(self.s, self.r)
        if case.r_follows:
            await host.follow(self.r, self.s)
        await host.person(self.r, dm_policy=case.policy, knocks=case.knocks)
        if case.block == "R blocks S":
            await recipient.ok("block", user=self.s)
        elif case.block == "S blocks R":
            await sender.ok("block", user=self.r)
        await recipient.rest()
        return sender, recipient

    async def play(self) -> tuple[str, bytes | None]:
        """The outcome, and of a refusal the bytes that the sender saw, with the id struck out."""
        sender, recipient = await self.arrange()
        try:
            chance = (await sender.ok("profile", user=self.r))["can_message"]
            head = recipient.diary.seq
            reply = await sender.ask("send", to=self.r, text="may I?", nonce="this one")
            outcome = reply.get("folder") or reply["code"]
            assert chance == {"inbox": "yes", "requests": "knock"}.get(outcome, "no")
            if reply["type"] == "sent":
                await self._arrived(sender, recipient, outcome)
                return outcome, None
            refusal = _without_id(sender.refusals[reply["id"]], reply["id"])
            await self._left_no_trace(sender, recipient, head)
            return outcome, refusal
        finally:
            await asyncio.gather(sender.leave(), recipient.leave())

    async def _arrived(self, sender: Device, recipient: Device, folder: str) -> None:
        event = await recipient.next()
        assert (event["type"], event["from"], event["text"], event["folder"]) == ("message", self.s, "may I?", folder)
        assert (await texts(recipient, self.s))[-1] == "may I?"
        if folder == "requests":
            assert await sender.refused("send", to=self.r, text="please", nonce="another") == "awaiting_acceptance"
            assert await recipient.rest() == []
            assert await texts(recipient, self.s) == ["may I?"]

    async def _left_no_trace(self, sender: Device, recipient: Device, head: int | None) -> None:
        assert await recipient.rest() == []
        assert recipient.diary.seq == head
        before = [] if self.case.prior == "none" else ["before"]
        if before:
            # Whoever blocks does not see what the other has written.
            shown = [""] if (self.case.block, self.case.prior) == ("R blocks S", "R accepted S") else before
            assert await texts(recipient, self.s) == shown
            shown = [""] if (self.case.block, self.case.prior) == ("S blocks R", "R wrote to S") else before
            assert await texts(sender, self.r) == shown
        else:
            assert await recipient.refused("history", peer=self.s) == "not_found"
            assert await sender.refused("history", peer=self.r) == "not_found"
        assert (await recipient.ok("search", query="may"))["hits"] == []


def _without_id(raw: str | bytes, id: int) -> bytes:
    data = raw.encode() if isinstance(raw, str) else raw
    assert 0 < id < 128
    as_sent = b'"id":%d' % id if isinstance(raw, str) else b"\xa2id%c" % id
    assert data.count(as_sent) == 1, data
    return data.replace(as_sent, b"")


@pytest.fixture
async def outcomes(standing: Server, host: Host) -> list[tuple[str, Any]]:
    room = asyncio.Semaphore(AT_ONCE)

    async def play(number: int, case: Case) -> tuple[str, Any]:
        async with room:
            try:
                return await Stage(standing, host, number, case).play()
            except Exception as error:
                raise AssertionError(f"in {case}") from error

    return await asyncio.gather(*(play(number, case) for number, case in enumerate(CASES)))


async def test_all_360_come_out_as_the_contract_has_it(outcomes: list[tuple[str, Any]]):
    wrong = {
        case: (outcome, expected(case))
        for case, (outcome, _) in zip(CASES, outcomes, strict=True)
        if outcome != expected(case)
    }
    assert wrong == {}
    for codec in CODECS:
        refusals = [raw for number, (_, raw) in enumerate(outcomes) if raw is not None and codec_of(number) == codec]
        assert len(refusals) > 100
        assert len(set(refusals)) == 1, "a sender could tell one refusal from another"
