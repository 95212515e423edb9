"""The services that all connections of a node share."""

from dataclasses import dataclass

from bussa_server.auth.principal import Tokens
from bussa_server.lib.rate_limit import Rate
from bussa_server.node.admission import AdmissionControl
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.node.hub import Hub
from bussa_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    commit_queue: CommitQueue
    hub: Hub
    tokens: Tokens
    admission: AdmissionControl
    frame_limit: Rate
    """Limit of the frames other than messages, per connection."""
