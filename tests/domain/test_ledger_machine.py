"""The ledger against the contract told slowly: whatever some people do to each other, the two agree."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from bussa_protocol.frames import events
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_protocol.ids import Policy
from bussa_server.domain import commands
from bussa_server.domain.book import Carried, Done, Posted, Refusal, SettingsDone
from bussa_server.domain.commands import Command
from tests.domain.contract_model import Answer, Contract
from tests.domain.town import Town, without_seq

USERS = ("ann", "bob", "cy")
POLICIES: tuple[Policy, ...] = ("anyone", "followers", "following", "mutuals", "nobody")

user = st.sampled_from(USERS)
# Now and then somebody who does not exist; oneself comes up by itself.
peer = st.sampled_from([*USERS, *USERS, *USERS, "zoe"])
n = st.integers(1, 6)
sometimes = st.sampled_from([False, True])


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.town = Town(*USERS)
        self.contract = Contract()
        self.sent: list[commands.Send] = []

    @initialize(policies=st.tuples(*[st.sampled_from(POLICIES)] * 3), knocks=st.tuples(*[sometimes] * 3))
    def doors(self, policies: tuple[Policy, ...], knocks: tuple[bool, ...]) -> None:
        for name, policy, knock in zip(USERS, policies, knocks, strict=True):
            door = Settings(dm_policy=policy, knocks=knock)
            self.town.book.people[name].settings = self.contract.doors[name] = door

    @rule(user=user, to=peer, text=st.sampled_from(["ciao", "ehi"]), reply_to=st.none() | n)
    def send(self, user: str, to: str, text: str, reply_to: int | None) -> None:
        command = commands.Send(user, to, text, str(len(self.sent)), reply_to)
        self.sent.append(command)
        self.both_do(command)

    @rule(user=user, to=user)
    def write_plainly(self, user: str, to: str) -> None:
        self.send(user, to, "ciao", None)

    @rule(which=st.integers(0, 40), to=user, other=sometimes)
    def send_again(self, which: int, to: str, other: bool) -> None:
        if self.sent:
            again = self.sent[which % len(self.sent)]
            self.both_do(commands.Send(again.user, to, "something else", again.nonce) if other else again)

    @rule(user=user, peer=peer, n=n)
    def read(self, user: str, peer: str, n: int) -> None:
        self.both_do(commands.MarkRead(user, peer, n))

    @rule(user=user, peer=peer, kind=st.sampled_from([commands.Accept, commands.Decline]))
    def answer_a_knock(self, user: str, peer: str, kind: Any) -> None:
        self.both_do(kind(user, peer))

    @rule(user=user, peer=peer, on=sometimes)
    def block(self, user: str, peer: str, on: bool) -> None:
        self.both_do(commands.Block(user, peer, on))

    @rule(user=user, peer=peer, on=sometimes)
    def mute(self, user: str, peer: str, on: bool) -> None:
        self.both_do(commands.Mute(user, peer, on))

    @rule(user=user, peer=peer, n=st.none() | n, block=sometimes)
    def report(self, user: str, peer: str, n: int | None, block: bool) -> None:
        self.both_do(commands.Report(user, peer, "spam", n, block))

    @rule(user=user, peer=peer, on=sometimes)
    def follow(self, user: str, peer: str, on: bool) -> None:
        self.both_do(commands.Follow(user, peer, on))

    @rule(
        user=peer,
        change=st.fixed_dictionaries(
            {}, optional={"dm_policy": st.sampled_from(POLICIES), "knocks": sometimes, "read_receipts": sometimes}
        ),
    )
    def set(self, user: str, change: dict[str, Any]) -> None:
        self.both_do(commands.ChangeSettings(user, SettingsChange(**change)))

    def both_do(self, command: Command) -> None:
        reports = len(self.town.book.reports)
        waits_or_refused = {
            (s, r): self.contract.fate(s, r) not in ("inbox", "requests") for s in USERS for r in USERS if s != r
        }
        carried = self.town.do(command)
        expected = self.contract.do(command, self.town.now)

        if isinstance(expected, str):
            assert isinstance(carried.result, Refusal), (command, expected, carried)
            assert carried.result.code.value == expected
            assert carried.entries == ()
            return
        self.agree(command, carried, expected)
        assert len(self.town.book.reports) - reports == isinstance(command, commands.Report)
        for entry in carried.entries:
            # The silent door: nothing that the recipient does reaches who waits there or is refused.
            stranger = entry.user != command.user and waits_or_refused[entry.user, command.user]
            assert not stranger or isinstance(command, commands.Send), (command, entry)

    def agree(self, command: Command, carried: Carried, expected: Answer) -> None:
        told = [(entry.user, without_seq(entry.event)) for entry in carried.entries]
        assert sorted(told, key=repr) == sorted(expected.told, key=repr), command
        own = next((entry.event.seq for entry in carried.entries if entry.user == command.user), None)
        match carried.result:
            case Posted(peer, number, seq, at, folder):
                assert (peer, number, at, folder) == expected.value
                assert own in (None, seq)
            case SettingsDone(now_set, seq):
                assert (structs.asdict(now_set), seq) == (expected.value, own)
            case Done(seq):
                assert (expected.value, seq) == (None, own)
            case other:
                raise AssertionError(other)

    @invariant()
    def logs_are_dense(self) -> None:
        for name in USERS:
            seqs = [event.seq for event in self.town.log(name)]
            assert seqs == list(range(1, len(seqs) + 1))
            assert self.town.book.people[name].head == len(seqs)

    @invariant()
    def conversations_are_dense_and_both_sides_tell_them_alike(self) -> None:
        for one, other in [("ann", "bob"), ("ann", "cy"), ("bob", "cy")]:
            theirs, mine = self.heard(one, other), self.heard(other, one)
            assert mine == theirs
            assert [event[0] for event in mine] == list(range(1, len(mine) + 1))
            assert self.town.book.pair(one, other).last == len(mine)

    def heard(self, by: str, of: str) -> list[tuple[Any, ...]]:
        return [
            (event.n, event.sender, event.text, event.at, event.folder, event.reply_to)
            for event in self.town.log(by)
            if isinstance(event, events.Message) and event.peer == of
        ]

    @invariant()
    def folders_and_marks_are_what_the_contract_says(self) -> None:
        for owner in USERS:
            for peer in USERS:
                if owner != peer:
                    side = self.town.side(owner, peer)
                    assert side.folder == self.contract.folder(owner, peer)
                    assert side.read == self.contract.mark(owner, peer)
                    assert side.peer_read == self.contract.mark(owner, peer, "was told")

    @invariant()
    def the_newest_conversation_stands_first(self) -> None:
        for name in USERS:
            messages = [event for event in self.town.log(name) if isinstance(event, events.Message)]
            newest_first = list(dict.fromkeys(event.peer for event in reversed(messages)))
            listed = sorted((self.town.side(name, peer) for peer in newest_first), key=lambda side: -side.rank)
            assert [side.peer for side in listed] == newest_first
            assert self.town.book.people[name].newest == next(iter(newest_first), None)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40)
