"""The table of handlers: what each class of request does, whose rows it touches, what metrics call it.

`handles` registers a handler beside its code, so that nothing else has to name the request.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from msgspec import Struct

from bussa_server.domain.principal import Principal
from bussa_server.domain.rows import RowKey
from bussa_server.domain.unit_of_work import Outcome, UnitOfWork

Q = TypeVar("Q", bound=Struct)

Handle = Callable[[UnitOfWork, Principal, Q, int], Outcome]
"""(unit of work, principal, request, time of the commit in ms) → outcome."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What is done with the requests of a class."""

    handle: Handle[Any]
    peer: Callable[[Any], str | None]
    """The other user of a request, if it has one."""
    rows: Callable[[Principal, Any], Iterable[RowKey]] | None
    """The declared rows that a request reads, or changes without losing what another node changes meanwhile.

    None: no request of the class has any.
    """
    name: str
    """In metrics and log lines: the tag of the wire, or the name of the class in snake_case."""


HANDLERS: dict[type, Handler] = {}


def handles(
    kind: type[Q],
    *,
    peer: str | Callable[[Q], str | None] | None = None,
    rows: Callable[[Principal, Q], Iterable[RowKey]] | None = None,
) -> Callable[[Handle[Q]], Handle[Q]]:
    """Register a function as the handler of ``kind``. ``peer``: the field that names the other user, or a function."""

    def register(handle: Handle[Q]) -> Handle[Q]:
        assert kind not in HANDLERS, kind
        find_peer = _no_peer if peer is None else attrgetter(peer) if isinstance(peer, str) else peer
        HANDLERS[kind] = Handler(handle, find_peer, rows, _name(kind))
        return handle

    return register


def _no_peer(request: Any) -> None:
    return None


def _name(kind: type[Struct]) -> str:
    tag = kind.__struct_config__.tag
    return tag if isinstance(tag, str) else re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
