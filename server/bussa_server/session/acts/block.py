"""``block`` and ``unblock``: nothing of that person gets here any more."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Block
from bussa_server.session.acts.act import Write, ok


def _block(user: str, request: requests.Block) -> Block:
    return Block(user, request.user, blocked=True)


def _unblock(user: str, request: requests.Unblock) -> Block:
    return Block(user, request.user, blocked=False)


BLOCK = Write(_block, ok)
UNBLOCK = Write(_unblock, ok)
