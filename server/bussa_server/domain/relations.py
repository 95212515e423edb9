"""What is kept about two users beside their conversation."""

from bussa_protocol.ids import ReportReason
from bussa_server.domain.rows import Id, Row, declared


@declared(table="follows", key=("follower", "followee"))
class FollowEdge(Row, frozen=True, gc=False):
    """``follower`` follows ``followee``. The hot core loads it as `Participant.follows`."""

    follower: Id
    followee: Id


@declared(table="abuse_reports", key=("reporter", "peer", "n", "reason"))
class AbuseReport(Row, frozen=True, gc=False):
    """One for a reporter, a message and a reason, however often it is made. ``n`` is 0 for the whole conversation."""

    reporter: Id
    peer: Id
    n: int
    reason: ReportReason
    at: int
    """When it was made first (ms)."""
