"""``block`` and ``unblock``: refuse everything from a user, or no longer."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Block
from bussa_server.session.requests.base import CommandHandler, ok


def _block(user: str, request: requests.BlockRequest) -> Block:
    return Block(user, request.user, blocked=True)


def _unblock(user: str, request: requests.UnblockRequest) -> Block:
    return Block(user, request.user, blocked=False)


BLOCK = CommandHandler(_block, ok)
UNBLOCK = CommandHandler(_unblock, ok)
