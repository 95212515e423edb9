"""Plans: the users, their policies and follows, and the schedule of sends. Pure: the same seed gives the same plan."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["pairs", "desk", "storm", "idle", "mixed"]
KINDS: tuple[Kind, ...] = ("pairs", "desk", "storm", "idle", "mixed")

FOLLOWED_MAX = 8
"""In ``mixed``: how many users a user follows and writes to at most."""
CLOSED_SHARE = 0.1
"""In ``mixed``: share of users with the policy ``nobody``."""
STRANGERS_SHARE = 0.1
"""In ``mixed``: share of sends to a recipient that refuses them."""
BLOCKED_SHARE = 0.05
"""In ``mixed``: share of writers that are blocked during the run."""
STORM_COUNT = 3
"""In ``storm``: how often all connections drop and reconnect."""
TEXT_LENGTH = (48, 10_000)
"""Characters of a message: room for due time and ordinal, up to the limit of the protocol."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The parameters of a run. Raises ValueError: they are impossible."""

    kind: Kind
    connections: int
    seconds: float
    outstanding: int = 1
    """Closed loop: sends of each writer without a reply."""
    rate: float = 0.0
    """Open loop: messages per second of all writers together; 0: closed loop."""
    text: int = 120
    """Characters per message."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.connections < 2:
            raise ValueError("a plan needs at least two connections")
        if not TEXT_LENGTH[0] <= self.text <= TEXT_LENGTH[1]:
            raise ValueError(
                f"a text has {TEXT_LENGTH[0]} to {TEXT_LENGTH[1]:,} characters: it contains its time and ordinal"
            )
        if self.seconds <= 0 or self.outstanding < 1 or self.rate < 0:
            raise ValueError("seconds and outstanding must be positive, rate must not be negative")

    @property
    def open_loop(self) -> bool:
        return self.rate > 0


@dataclass(frozen=True, slots=True)
class Writer:
    """A user who sends, and the recipients in turn."""

    name: str
    to: tuple[str, ...]
    forbidden: frozenset[str] = frozenset()
    """Recipients that the rules refuse to this writer."""


@dataclass(frozen=True, slots=True)
class Population:
    """The users of a plan."""

    policies: dict[str, str]
    """The ``dm_policy`` of every user."""
    writers: tuple[Writer, ...] = ()
    follows: tuple[tuple[str, str], ...] = ()
    """(follower, followed)."""
    responders: frozenset[str] = frozenset()
    """Users who answer every message. Their peers wait for that answer, not only for the acknowledgement."""
    blocks: tuple[tuple[str, str, float], ...] = field(default=())
    """(blocker, blocked, time as a share of the run)."""


def population(plan: Plan, prefix: str) -> Population:
    """The users of ``plan``; ``prefix`` keeps those of two runs apart."""
    names = [f"{prefix}{number}" for number in range(plan.connections)]
    match plan.kind:
        case "pairs" | "storm":
            return _pairs(names)
        case "desk":
            desk, customers = names[0], names[1:]
            policies = {desk: "anyone"} | dict.fromkeys(customers, "nobody")  # a reply is always allowed
            writers = tuple(Writer(name, (desk,)) for name in customers)
            return Population(policies, writers, responders=frozenset((desk,)))
        case "idle":
            return Population(dict.fromkeys(names, "nobody"))
        case "mixed":
            return _mixed(names, random.Random(plan.seed))


def _pairs(names: list[str]) -> Population:
    half = len(names) // 2
    pairs = tuple(zip(names[:half], names[half:], strict=False))
    policies = dict.fromkeys(names, "nobody") | {recipient: "followers" for _, recipient in pairs}
    return Population(policies, tuple(Writer(sender, (recipient,)) for sender, recipient in pairs), follows=pairs)


def _mixed(names: list[str], rng: random.Random) -> Population:
    """A social graph with a heavy tail: a few users are followed and written to by many, most by few."""
    closed = set(rng.sample(names, max(1, round(len(names) * CLOSED_SHARE))))
    welcoming = [name for name in names if name not in closed]
    # Zipf: the user of rank r has followers in proportion to 1/r.
    weights = [1 / rank for rank in range(1, len(welcoming) + 1)]
    friends = {
        name: [peer for peer in dict.fromkeys(rng.choices(welcoming, weights, k=FOLLOWED_MAX)) if peer != name]
        for name in welcoming
    }
    writers: list[Writer] = []
    blocks: list[tuple[str, str, float]] = []
    # A user with the policy nobody sends nothing: a recipient may always reply, and the policy would not be tested.
    for name, peers in friends.items():
        strangers = [
            peer for peer in rng.sample(names, min(FOLLOWED_MAX, len(names))) if _stranger(name, peer, friends)
        ]
        to = peers * 3
        for position in range(len(to)):
            if strangers and rng.random() < STRANGERS_SHARE:
                to[position] = rng.choice(strangers)
        if to:
            writers.append(Writer(name, tuple(to), frozenset(strangers)))
            if rng.random() < BLOCKED_SHARE:
                blocks.append((peers[0], name, rng.uniform(0.3, 0.7)))
    follows = tuple((name, peer) for name, peers in friends.items() for peer in peers)
    policies = {name: "nobody" if name in closed else "followers" for name in names}
    return Population(policies, tuple(writers), follows, blocks=tuple(blocks))


def _stranger(name: str, peer: str, friends: dict[str, list[str]]) -> bool:
    """Whether ``peer`` refuses every message of ``name``: neither follows nor writes to the other."""
    return peer != name and peer not in friends[name] and name not in friends.get(peer, ())


def schedule(plan: Plan, writers: int) -> Iterator[tuple[float, int]]:
    """Open loop: (seconds from the start, index of the writer), evenly spaced, round robin."""
    for number in range(int(plan.rate * plan.seconds)):
        yield number / plan.rate, number % writers
