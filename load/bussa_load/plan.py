"""Plans, pure: who there is, who may write to whom, who writes to whom when. The same seed gives the same plan."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["pairs", "desk", "storm", "idle", "mixed"]
KINDS: tuple[Kind, ...] = ("pairs", "desk", "storm", "idle", "mixed")

FOLLOWED_MAX = 8
"""In ``mixed``: how many people somebody follows and writes to, at the most."""
CLOSED_SHARE = 0.1
"""How many keep their door closed altogether."""
STRANGERS_SHARE = 0.1
"""Of what is sent: how much goes to somebody who will not have it."""
BLOCKED_SHARE = 0.05
"""Of those who write: how many are blocked while they do."""
STORM_COUNT = 3
"""How often everybody drops and comes back in ``storm``."""
TEXT_LENGTH = (48, 10_000)
"""Characters of a message: it carries when it was due and its number, and the contract has a limit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Raises ValueError where it can't be carried out."""

    kind: Kind
    connections: int
    seconds: float
    outstanding: int = 1
    """Closed loop: how many sends of a writer wait for their answer."""
    rate: float = 0.0
    """Open loop: messages a second of all writers together; 0: closed loop."""
    text: int = 120
    """Characters of a message."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.connections < 2:
            raise ValueError("a plan needs at least two connections")
        if not TEXT_LENGTH[0] <= self.text <= TEXT_LENGTH[1]:
            raise ValueError(
                f"a text has {TEXT_LENGTH[0]} to {TEXT_LENGTH[1]:,} characters: it carries its time and its number"
            )
        if self.seconds <= 0 or self.outstanding < 1 or self.rate < 0:
            raise ValueError("seconds and outstanding are more than 0, a rate is not less")

    @property
    def open_loop(self) -> bool:
        return self.rate > 0


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who writes, and to whom, in turn."""

    name: str
    to: tuple[str, ...]
    forbidden: frozenset[str] = frozenset()
    """Of those: whoever the rules keep them from."""


@dataclass(frozen=True, slots=True)
class Population:
    """The people of a plan."""

    policies: dict[str, str]
    """Everybody, and the ``dm_policy``."""
    writers: tuple[Writer, ...] = ()
    follows: tuple[tuple[str, str], ...] = ()
    """(follower, followed)."""
    responders: frozenset[str] = frozenset()
    """Who answers every message. Who writes to them waits for that, and not only for the acknowledgement."""
    blocks: tuple[tuple[str, str, float], ...] = field(default=())
    """(who, whom, when: a share of the run)."""


def population(plan: Plan, prefix: str) -> Population:
    """The people of ``plan``; ``prefix`` keeps those of two runs apart."""
    names = [f"{prefix}{number}" for number in range(plan.connections)]
    match plan.kind:
        case "pairs" | "storm":
            return _pairs(names)
        case "desk":
            desk, customers = names[0], names[1:]
            doors = {desk: "anyone"} | dict.fromkeys(customers, "nobody")  # the desk has the right to answer
            return Population(doors, tuple(Writer(name, (desk,)) for name in customers), responders=frozenset((desk,)))
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
    """A social graph with a heavy tail: a few are followed and written to by many, most by few."""
    closed = set(rng.sample(names, max(1, round(len(names) * CLOSED_SHARE))))
    welcoming = [name for name in names if name not in closed]
    # Zipf: the one of rank r has followers in proportion to 1/r.
    weights = [1 / rank for rank in range(1, len(welcoming) + 1)]
    friends = {
        name: [peer for peer in dict.fromkeys(rng.choices(welcoming, weights, k=FOLLOWED_MAX)) if peer != name]
        for name in welcoming
    }
    writers: list[Writer] = []
    blocks: list[tuple[str, str, float]] = []
    # Who keeps the door closed does not write either: whoever is written to may answer, and would get in.
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
    """Whether ``peer`` will never have anything of ``name``: not followed by, and never writing to, them."""
    return peer != name and peer not in friends[name] and name not in friends.get(peer, ())


def schedule(plan: Plan, writers: int) -> Iterator[tuple[float, int]]:
    """Open loop: (when, in seconds from the start; which writer), evenly spaced, everybody in turn."""
    for number in range(int(plan.rate * plan.seconds)):
        yield number / plan.rate, number % writers
