"""Plans, pure: who there is, who may write to whom, who writes to whom when. The same seed gives the same plan."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["pairs", "desk", "storm", "idle", "mixed"]
KINDS: tuple[Kind, ...] = ("pairs", "desk", "storm", "idle", "mixed")

STRANGERS = 0.1
"""Of what is sent in ``mixed``: how much goes to somebody whose door is closed."""
BLOCKS = 0.02
"""Of the pairs in ``mixed``: how many end in a block while they write."""
STORMS = 3
"""How often everybody drops and comes back in ``storm``."""


@dataclass(frozen=True, slots=True)
class Plan:
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

    @property
    def open_loop(self) -> bool:
        return self.rate > 0


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who writes, and to whom, in turn."""

    name: str
    to: tuple[str, ...]
    forbidden: frozenset[str] = frozenset()
    """Of those: whoever keeps the door closed."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a plan."""

    names: tuple[str, ...]
    open_doors: frozenset[str]
    """Who lets anyone in; the others nobody."""
    writers: tuple[Writer, ...]
    answering: frozenset[str] = frozenset()
    """Who answers every message."""
    blocks: tuple[tuple[str, str, float], ...] = field(default=())
    """(who, whom, when: a share of the run)."""


def cast(plan: Plan, prefix: str) -> Cast:
    """The people of ``plan``; ``prefix`` keeps those of two runs apart.

    Raises:
        ValueError: too few connections for the plan.
    """
    if plan.connections < 2:
        raise ValueError("a plan needs at least two connections")
    names = tuple(f"{prefix}{number}" for number in range(plan.connections))
    match plan.kind:
        case "pairs" | "storm":
            return _pairs(names)
        case "desk":
            desk, customers = names[0], names[1:]
            writers = tuple(Writer(name, (desk,)) for name in customers)
            return Cast(names, frozenset((desk,)), writers, frozenset((desk,)))
        case "idle":
            return Cast(names, frozenset(), ())
        case "mixed":
            return _mixed(names, random.Random(plan.seed))


def _pairs(names: tuple[str, ...]) -> Cast:
    half = len(names) // 2
    writers = tuple(Writer(names[number], (names[half + number],)) for number in range(half))
    return Cast(names, frozenset(names[half:]), writers)


def _mixed(names: tuple[str, ...], chance: random.Random) -> Cast:
    """A social graph with a heavy tail: a few are written to by many, most by few; some doors are closed."""
    closed = frozenset(chance.sample(names, max(1, len(names) // 10)))
    welcoming = [name for name in names if name not in closed]
    # Zipf: the one of rank r is written to in proportion to 1/r.
    weights = [1 / rank for rank in range(1, len(welcoming) + 1)]
    shut = sorted(closed)
    writers: list[Writer] = []
    blocks: list[tuple[str, str, float]] = []
    # Who keeps the door closed does not write either: whoever is written to may answer, and would get in.
    for name in welcoming:
        friends = [peer for peer in dict.fromkeys(chance.choices(welcoming, weights, k=8)) if peer != name]
        if not friends:
            continue
        to = friends * 3
        for position in range(len(to)):
            if chance.random() < STRANGERS:
                to[position] = chance.choice(shut)
        to = [peer for peer in to if peer != name] or friends
        writers.append(Writer(name, tuple(to), closed))
        if chance.random() < BLOCKS:
            blocks.append((friends[0], name, chance.uniform(0.3, 0.7)))
    return Cast(names, frozenset(welcoming), tuple(writers), blocks=tuple(blocks))


def due(plan: Plan, writers: int) -> Iterator[tuple[float, int]]:
    """Open loop: (when, in seconds from the start; which writer), evenly spaced, everybody in turn."""
    for number in range(int(plan.rate * plan.seconds)):
        yield number / plan.rate, number % writers
