"""Fills an embedded store, by its own commits: ``python -m bench.fill FOLDER MESSAGES``."""

import asyncio
import random
import sys
import time
from pathlib import Path

from bench.rounds import TEXT
from bussa_protocol.bodies import PersonChange
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.domain.commands import Command, PutPerson, Send
from bussa_server.ports.store import BATCH

PEOPLE = 2_000
TOGETHER = 40
"""Who write to each other in one batch. All with all would take nearly three times as long, and leave the same rows."""


async def fill(folder: Path, messages: int) -> None:
    store = SqliteStore(folder)
    chance = random.Random(messages)
    now = int(time.time() * 1000)
    names = [f"filler{number}" for number in range(PEOPLE)]
    try:
        for start in range(0, PEOPLE, BATCH):
            await store.commit(
                [PutPerson(name, PersonChange(dm_policy="anyone")) for name in names[start : start + BATCH]], now
            )
        for start in range(0, messages, BATCH):
            batch: list[Command] = []
            group = chance.sample(names, TOGETHER)
            for number in range(start, min(messages, start + BATCH)):
                sender, peer = chance.sample(group, 2)
                batch.append(Send(sender, peer, TEXT, f"{messages}-{number}"))
            await store.commit(batch, now)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
