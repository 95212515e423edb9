"""A process that writes as fast as it can and says what was acknowledged, to be killed in the middle of it.

python -m tests.adapters.sqlite_writer FOLDER ROUND
"""

import asyncio
import itertools
import sys
from pathlib import Path

from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.domain.book import Posted
from bussa_server.domain.commands import Send
from tests.contracts.deeds import Deeds

USERS = ("ann", "bob", "cy", "dee")


async def write(folder: Path, turn: str) -> None:
    store = SqliteStore(folder)
    deeds = Deeds(store)
    await deeds.people(*USERS)
    pairs = list(itertools.permutations(USERS, 2))
    for number in itertools.count():
        batch = [Send(*pairs[(number * 7 + i) % 12], f"{turn} {number} {i}", f"{turn}-{number}-{i}") for i in range(9)]
        for command, posted in zip(batch, await deeds.do(*batch), strict=True):
            assert isinstance(posted, Posted)
            print(command.user, command.to, command.nonce, posted.n, posted.seq, flush=True)
        if number % 40 == 7:
            await deeds.search("ann", f"{turn}")


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))
