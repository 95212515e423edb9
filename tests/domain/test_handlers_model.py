"""The handlers agree with the contract model on any sequence of commands."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from bussa_protocol.frames import events, requests
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_protocol.ids import Policy
from bussa_server.domain.commands import Command
from bussa_server.domain.relations import AbuseReport
from bussa_server.domain.unit_of_work import Done, MessageSent, Outcome, Refusal, SettingsSaved
from tests import commands
from tests.domain.contract_model import ContractModel, ExpectedOutcome
from tests.domain.harness import Harness, without_seq

USERS = ("ann", "bob", "cy")
POLICIES: tuple[Policy, ...] = ("anyone", "followers", "following", "mutuals", "nobody")

user = st.sampled_from(USERS)
# Sometimes an unknown user; user == peer comes up by chance.
peer = st.sampled_from([*USERS, *USERS, *USERS, "zoe"])
n = st.integers(1, 6)
booleans = st.sampled_from([False, True])


class HandlersMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.harness = Harness(*USERS)
        self.model = ContractModel()
        self.sent: list[Command] = []
        self.reports: set[tuple[str, str, int, str]] = set()

    @initialize(policies=st.tuples(*[st.sampled_from(POLICIES)] * 3), knocks=st.tuples(*[booleans] * 3))
    def set_privacy_settings(self, policies: tuple[Policy, ...], knocks: tuple[bool, ...]) -> None:
        for name, policy, knock in zip(USERS, policies, knocks, strict=True):
            settings_change = Settings(dm_policy=policy, knocks=knock)
            self.harness.uow.users[name].settings = self.model.settings[name] = settings_change

    @rule(user=user, to=peer, text=st.sampled_from(["ciao", "ehi"]), reply_to=st.none() | n)
    def send(self, user: str, to: str, text: str, reply_to: int | None) -> None:
        command = commands.Send(user, to, text, str(len(self.sent)), reply_to)
        self.sent.append(command)
        self.apply_to_both(command)

    @rule(user=user, to=user)
    def send_plain_text(self, user: str, to: str) -> None:
        self.send(user, to, "ciao", None)

    @rule(which=st.integers(0, 40), to=user, other=booleans)
    def send_again(self, which: int, to: str, other: bool) -> None:
        if self.sent:
            again = self.sent[which % len(self.sent)]
            self.apply_to_both(commands.Send(again.user, to, "something else", again.request.nonce) if other else again)

    @rule(user=user, peer=peer, n=n)
    def read(self, user: str, peer: str, n: int) -> None:
        self.apply_to_both(commands.MarkRead(user, peer, n))

    @rule(user=user, peer=peer, kind=st.sampled_from([commands.Accept, commands.Decline]))
    def answer_a_knock(self, user: str, peer: str, kind: Any) -> None:
        self.apply_to_both(kind(user, peer))

    @rule(user=user, peer=peer, on=booleans)
    def block(self, user: str, peer: str, on: bool) -> None:
        self.apply_to_both(commands.Block(user, peer, on))

    @rule(user=user, peer=peer, on=booleans)
    def mute(self, user: str, peer: str, on: bool) -> None:
        self.apply_to_both(commands.Mute(user, peer, on))

    @rule(user=user, peer=peer, n=st.none() | n, block=booleans)
    def report(self, user: str, peer: str, n: int | None, block: bool) -> None:
        self.apply_to_both(commands.Report(user, peer, "spam", n, block))

    @rule(user=user, peer=peer, on=booleans)
    def follow(self, user: str, peer: str, on: bool) -> None:
        self.apply_to_both(commands.Follow(user, peer, on))

    @rule(
        user=peer,
        change=st.fixed_dictionaries(
            {}, optional={"dm_policy": st.sampled_from(POLICIES), "knocks": booleans, "read_receipts": booleans}
        ),
    )
    def set(self, user: str, change: dict[str, Any]) -> None:
        self.apply_to_both(commands.ChangeSettings(user, SettingsChange(**change)))

    def apply_to_both(self, command: Command) -> None:
        refused = {
            (s, r): self.model.placement(s, r) not in ("inbox", "requests") for s in USERS for r in USERS if s != r
        }
        outcome = self.harness.do(command)
        expected = self.model.apply(command, self.harness.now)

        if isinstance(expected, str):
            assert isinstance(outcome.result, Refusal), (command, expected, outcome)
            assert outcome.result.code.value == expected
            assert outcome.entries == ()
            return
        self.assert_agrees(command, outcome, expected)
        if isinstance(report := command.request, requests.ReportRequest):
            key = (command.user, report.peer, report.n or 0, report.reason)
            assert (AbuseReport, key) in self.harness.rows
            self.reports.add(key)
        assert len(self.harness.rows_of(AbuseReport)) == len(self.reports)
        for entry in outcome.entries:
            # A refused or waiting sender learns nothing of what the recipient does ("Silent door").
            to_refused = entry.user != command.user and refused[entry.user, command.user]
            assert not to_refused or isinstance(command.request, requests.SendRequest), (command, entry)

    def assert_agrees(self, command: Command, outcome: Outcome, expected: ExpectedOutcome) -> None:
        appended = [(entry.user, without_seq(entry.event)) for entry in outcome.entries]
        assert sorted(appended, key=repr) == sorted(expected.appended, key=repr), command
        own = next((entry.event.seq for entry in outcome.entries if entry.user == command.user), None)
        match outcome.result:
            case MessageSent(peer, number, seq, at, folder):
                assert (peer, number, at, folder) == expected.value
                assert own in (None, seq)
            case SettingsSaved(now_set, seq):
                assert (structs.asdict(now_set), seq) == (expected.value, own)
            case Done(seq):
                assert (expected.value, seq) == (None, own)
            case other:
                raise AssertionError(other)

    @invariant()
    def logs_are_dense(self) -> None:
        for name in USERS:
            seqs = [event.seq for event in self.harness.log(name)]
            assert seqs == list(range(1, len(seqs) + 1))
            assert self.harness.uow.users[name].head == len(seqs)

    @invariant()
    def conversations_are_dense_and_equal_in_both_logs(self) -> None:
        for one, other in [("ann", "bob"), ("ann", "cy"), ("bob", "cy")]:
            theirs, mine = self.messages_in_log(one, other), self.messages_in_log(other, one)
            assert mine == theirs
            assert [event[0] for event in mine] == list(range(1, len(mine) + 1))
            assert self.harness.uow.conversation(one, other).last_n == len(mine)

    def messages_in_log(self, by: str, of: str) -> list[tuple[Any, ...]]:
        return [
            (event.n, event.sender, event.text, event.at, event.folder, event.reply_to)
            for event in self.harness.log(by)
            if isinstance(event, events.MessageEvent) and event.peer == of
        ]

    @invariant()
    def folders_and_read_marks_agree_with_model(self) -> None:
        for owner in USERS:
            for peer in USERS:
                if owner != peer:
                    participant = self.harness.participant(owner, peer)
                    assert participant.folder == self.model.folder(owner, peer)
                    assert participant.read == self.model.mark(owner, peer)
                    assert participant.peer_read == self.model.mark(owner, peer, "was told")

    @invariant()
    def conversations_are_sorted_by_newest_message(self) -> None:
        for name in USERS:
            messages = [event for event in self.harness.log(name) if isinstance(event, events.MessageEvent)]
            newest_first = list(dict.fromkeys(event.peer for event in reversed(messages)))
            listed = sorted(
                (self.harness.participant(name, peer) for peer in newest_first),
                key=lambda participant: -participant.sort_seq,
            )
            assert [participant.peer for participant in listed] == newest_first
            assert self.harness.uow.users[name].top_peer == next(iter(newest_first), None)


TestHandlersMachine = HandlersMachine.TestCase
TestHandlersMachine.settings = settings(max_examples=60, stateful_step_count=40)
