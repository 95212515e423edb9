"""Random commands of several users, from a seed, and the invariants that a store must keep under them."""

import random
from collections.abc import Iterator, Sequence

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames import events
from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.limits import PAGE_MAX
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent
from bussa_server.ports.store import MAX_LOG_PAGE, Store
from tests import commands

POLICIES = ("anyone", "followers", "following", "mutuals", "nobody")
# Texts that a store may handle wrongly: NUL, quotation marks, array syntax, non-ASCII.
TEXTS = (
    "ciao",
    "Città già vista",
    "a\0b",
    "'; DROP TABLE people; --",
    '{"\\x00",NULL}',
    "È l'ora",
    "日本語 テスト",
    "…",
    "ﷺ",
)


class CommandGenerator:
    """Generates commands. The order of the ids differs between collations."""

    def __init__(self, seed: int, size: int = 8) -> None:
        self.random = random.Random(seed)
        self.ids = [f"{name}{number}" for number in range((size + 3) // 4) for name in ("ann", "Bob", "_c", "a.d")][
            :size
        ]
        self._nonces = 0

    def create_users(self) -> list[Command]:
        """Commands that create all users, with the policy ``anyone``."""
        return [commands.PutUser(id, UserChange(name=id, dm_policy="anyone")) for id in self.ids]

    def batches(self, count: int, most: int = 12) -> Iterator[list[Command]]:
        for _ in range(count):
            yield [self.command() for _ in range(self.random.randint(1, most))]

    def send(self) -> Command:
        user, peer = self._pick_two()
        self._nonces += 1
        again = self.random.random() < 0.15
        nonce = f"n{self.random.randint(1, self._nonces) if again else self._nonces}\0'"
        reply_to = self.random.choice([None, None, None, 1, 3])
        return commands.Send(user, peer, self.random.choice(TEXTS), nonce, reply_to)

    def command(self) -> Command:
        draw, (user, peer) = self.random, self._pick_two()
        yes = draw.random() < 0.5
        return draw.choices(
            [
                self.send,
                lambda: commands.MarkRead(user, peer, draw.randint(1, 6)),
                lambda: commands.Accept(user, peer),
                lambda: commands.Decline(user, peer),
                lambda: commands.Block(user, peer, yes),
                lambda: commands.Mute(user, peer, yes),
                lambda: commands.Report(user, peer, "spam", draw.choice([None, 1]), yes),
                lambda: commands.ChangeSettings(user, SettingsChange(dm_policy=draw.choice(POLICIES), knocks=yes)),
                lambda: commands.Follow(user, peer, draw.random() < 0.8),
                lambda: commands.SignUp(draw.choice([user, f"new{draw.randint(1, 9)}"]), "N\0w", "a hash"),
                lambda: commands.PutUser(draw.choice([user, "other"]), UserChange(name=draw.choice(TEXTS))),
                lambda: commands.Revoke(user),
            ],
            weights=[40, 10, 3, 2, 3, 3, 1, 5, 8, 2, 3, 1],
        )[0]()

    def _pick_two(self) -> tuple[str, str]:
        if self.random.random() < 0.05:
            return self.random.choice(self.ids), self.random.choice(["nobody", "no\0body", self.ids[0]])
        user, peer = self.random.sample(self.ids, 2)
        return user, peer


async def whole_log(store: Store, user: str) -> list[events.LogEvent]:
    found: list[events.LogEvent] = []
    while True:
        page = await store.log(user, len(found), MAX_LOG_PAGE)
        if not page.events:
            assert page.head == len(found)
            return found
        found += page.events


async def check_invariants(store: Store, ids: Sequence[str], sent: dict[tuple[str, str], MessageSent]) -> None:
    """Check *dense*, *ordered*, *once* and *durable* in all logs and conversations, for all acknowledged messages.

    ``sent`` has the acknowledged messages by (sender, nonce). No user may block another: blocks hide messages.
    """
    for user in ids:
        log = await whole_log(store, user)
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
        messages = [event for event in log if isinstance(event, events.MessageEvent)]
        for peer in ids:
            ns = [event.n for event in messages if event.peer == peer]
            assert ns == list(range(1, len(ns) + 1))
            page = await store.history(user, peer, None, 0, PAGE_MAX)
            assert (page is None) == (not ns)
            theirs = await store.history(peer, user, None, 0, PAGE_MAX)
            if page is not None:
                assert theirs is not None
                assert [m.n for m in page.messages] == ns[: len(page.messages)]
                assert [(m.n, m.sender, m.text) for m in page.messages] == [
                    (m.n, m.sender, m.text) for m in theirs.messages
                ]
        assert len({(event.peer, event.n) for event in messages}) == len(messages)
        for (sender, _), message_sent in sent.items():
            if sender == user:
                found = log[message_sent.seq - 1]
                assert isinstance(found, events.MessageEvent)
                assert (found.peer, found.n, found.sender) == (message_sent.peer, message_sent.n, user)
