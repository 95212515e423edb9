"""Fills an SQLite store through its own commits: ``python -m bench.fill FOLDER MESSAGES``."""

import asyncio
import random
import sys
import time
from pathlib import Path

from bench.closed_loop import TEXT
from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.requests import SendRequest
from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.domain.commands import Command, PutUser
from bussa_server.domain.principal import Principal
from bussa_server.ports.store import MAX_BATCH

USERS = 2_000
USERS_PER_BATCH = 40
"""Users who write to each other in one batch. Pairs from all users would take nearly three times as long and leave the
same rows."""


async def fill(folder: Path, messages: int) -> None:
    store = SqliteStore(folder)
    rng = random.Random(messages)
    now = int(time.time() * 1000)
    names = [f"filler{number}" for number in range(USERS)]
    principals = {name: Principal(name, name) for name in names}
    change = UserChange(dm_policy="anyone")
    try:
        for start in range(0, USERS, MAX_BATCH):
            await store.commit(
                [Command(principals[name], PutUser(change)) for name in names[start : start + MAX_BATCH]], now
            )
        for start in range(0, messages, MAX_BATCH):
            batch: list[Command] = []
            group = rng.sample(names, USERS_PER_BATCH)
            for number in range(start, min(messages, start + MAX_BATCH)):
                sender, peer = rng.sample(group, 2)
                request = SendRequest(id=1, to=peer, text=TEXT, nonce=f"{messages}-{number}")
                batch.append(Command(principals[sender], request))
            await store.commit(batch, now)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
