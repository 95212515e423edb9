"""What all connections share."""

from dataclasses import dataclass

from bussa_server.domain.throttle import Rate
from bussa_server.ports.store import Store
from bussa_server.session.doorman import Doorman
from bussa_server.session.hub import Hub
from bussa_server.session.post import Post
from bussa_server.session.principal import Tokens


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    post: Post
    hub: Hub
    tokens: Tokens
    doorman: Doorman
    frames: Rate
    """Frames that are not messages, of one connection."""
