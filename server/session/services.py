"""What all connections share."""

from dataclasses import dataclass

from server.domain.throttle import Rate
from server.ports.store import Store
from server.session.doorman import Doorman
from server.session.hub import Hub
from server.session.post import Post
from server.session.principal import Tokens


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    post: Post
    hub: Hub
    tokens: Tokens
    doorman: Doorman
    frames: Rate
    """Frames that are not messages, of one connection."""
