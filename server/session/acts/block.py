"""``block`` and ``unblock``: nothing of that person gets here any more."""

from protocol.frames import requests
from server.domain.commands import Block
from server.session.acts.act import Write, ok


def _block(user: str, request: requests.Block) -> Block:
    return Block(user, request.user, blocked=True)


def _unblock(user: str, request: requests.Unblock) -> Block:
    return Block(user, request.user, blocked=False)


BLOCK = Write(_block, ok)
UNBLOCK = Write(_unblock, ok)
