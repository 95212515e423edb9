"""What all connections share."""

from dataclasses import dataclass

from bussa_server.domain.rate_limit import Rate
from bussa_server.ports.store import Store
from bussa_server.session.admission import AdmissionControl
from bussa_server.session.commit_queue import CommitQueue
from bussa_server.session.hub import Hub
from bussa_server.session.principal import Tokens


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    commit_queue: CommitQueue
    hub: Hub
    tokens: Tokens
    admission: AdmissionControl
    frame_limit: Rate
    """Frames that are not messages, of one connection."""
