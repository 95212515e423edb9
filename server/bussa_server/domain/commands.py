"""Commands: every change, as data: a request, and the principal in whose name it is made.

The request is a class of `bussa_protocol.frames.requests`, or one of those below, which only HTTP and jobs submit.
`bussa_server.domain.handlers` apply commands; a store commits them in batches.
"""

from typing import Any

from msgspec import Struct

from bussa_protocol.bodies import UserChange
from bussa_server.domain.principal import Principal
from bussa_server.domain.timers import Timer


class Command(Struct, frozen=True, gc=False):
    principal: Principal
    request: Any
    """Of a class in `bussa_server.domain.handlers.HANDLERS`."""

    @property
    def user(self) -> str:
        """The user whose log and settings it concerns. Empty: nobody's."""
        return self.principal.user


class Follow(Struct, frozen=True, gc=False):
    """Follow; unfollow if ``follows`` is false."""

    peer: str
    follows: bool


class SignUp(Struct, frozen=True, gc=False):
    """Create a user who must not exist yet. ``password`` is an argon2 hash."""

    name: str
    password: str


class PutUser(Struct, frozen=True, gc=False):
    """Create or update a user on behalf of the host application."""

    change: UserChange


class Revoke(Struct, frozen=True, gc=False):
    """Revoke every token issued to the user so far."""


class RunTimer(Struct, frozen=True, gc=False):
    """Do what a timer was set for, if it is still there and due. Its kind says whose logs that touches."""

    timer: Timer


class PostponeTimer(Struct, frozen=True, gc=False):
    """Hold a timer, whose handler has failed, until a later time (ms)."""

    timer: Timer
    until: int
