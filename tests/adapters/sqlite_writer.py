"""A process that sends as fast as it can and prints each acknowledged message, to be killed meanwhile.

python -m tests.adapters.sqlite_writer FOLDER ROUND
"""

import asyncio
import itertools
import sys
from pathlib import Path

from bussa_server.adapters.sqlite import SqliteStore
from bussa_server.domain.unit_of_work import MessageSent
from tests.commands import Send
from tests.contracts.actions import StoreActions

USERS = ("ann", "bob", "cy", "dee")


async def write(folder: Path, turn: str) -> None:
    store = SqliteStore(folder)
    actions = StoreActions(store)
    await actions.create_users(*USERS)
    pairs = list(itertools.permutations(USERS, 2))
    for number in itertools.count():
        batch = [Send(*pairs[(number * 7 + i) % 12], f"{turn} {number} {i}", f"{turn}-{number}-{i}") for i in range(9)]
        for command, sent in zip(batch, await actions.do(*batch), strict=True):
            assert isinstance(sent, MessageSent)
            print(command.user, command.request.to, command.request.nonce, sent.n, sent.seq, flush=True)
        if number % 40 == 7:
            await actions.search("ann", f"{turn}")


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))
