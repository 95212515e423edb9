"""The frames, and what msgspec knows of their types."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple, cast, get_args, get_origin

import msgspec.inspect as ms

from bussa_protocol import ids
from bussa_protocol.frames import EVENTS, REPLIES, REQUESTS
from bussa_protocol.frames.base import LogEventBase


class Contract(NamedTuple):
    """All frames, by kind."""

    requests: tuple[type, ...]
    replies: tuple[type, ...]
    events: tuple[type, ...]
    log_events: tuple[type, ...]
    """The events that have a seq."""
    reply_types: Mapping[type, type | None]
    """The reply to each request; None: it has none."""


def contract() -> Contract:
    """The frames of the contract. Only this function knows where they are declared."""
    return Contract(
        requests=REQUESTS,
        replies=REPLIES,
        events=EVENTS,
        log_events=tuple(event for event in EVENTS if issubclass(event, LogEventBase)),
        reply_types={request: request.reply for request in REQUESTS},
    )


def struct(cls: type) -> ms.StructType:
    """msgspec's description of a frame or part."""
    return cast("ms.StructType", ms.type_info(cls))


def structs(roots: Iterable[type]) -> dict[type, ms.StructType]:
    """``roots`` and all structs they contain, in topological order: a struct follows those it contains."""
    found: dict[type, ms.StructType] = {}
    for root in roots:
        for kind in leaves(struct(root)):
            if isinstance(kind, ms.StructType):
                found.setdefault(kind.cls, kind)
    return found


def leaves(kind: ms.Type) -> Iterator[ms.Type]:
    """A type and all types it contains, depth first; containers come last."""
    inner: Iterable[ms.Type] = ()
    if isinstance(kind, ms.Metadata):
        inner = (kind.type,)
    elif isinstance(kind, ms.UnionType):
        inner = kind.types
    elif isinstance(kind, ms.ListType):
        inner = (kind.item_type,)
    elif isinstance(kind, ms.StructType):
        inner = (field.type for field in kind.fields)
    for part in inner:
        yield from leaves(part)
    yield kind


def without_null(kind: ms.Type) -> tuple[ms.Type, bool]:
    """The type without null, and whether it was nullable."""
    if not isinstance(kind, ms.UnionType):
        return kind, False
    rest = tuple(inner for inner in kind.types if not isinstance(inner, ms.NoneType))
    return (rest[0] if len(rest) == 1 else ms.UnionType(rest)), len(rest) < len(kind.types)


def omitted_at_default(field: ms.Field, owner: Any) -> bool:
    """Whether ``field`` is left out on the wire when it has its default value."""
    return not field.required and bool(owner.__struct_config__.omit_defaults)


def tag(frame: Any) -> str:
    """The ``type`` of a frame."""
    return frame.__struct_config__.tag


def named_literals() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The literal types that have a name, with their values."""
    for name, value in vars(ids).items():
        if get_origin(value) is Literal:
            yield name, get_args(value)


def literal_name(values: Iterable[object]) -> str | None:
    """The name of a literal type. msgspec sorts the values, so their order is ignored."""
    wanted = set(values)
    return next((name for name, words in named_literals() if set(words) == wanted), None)


def member_name(member: Enum) -> str:
    """A member in JavaScript: its value if that is on the wire, otherwise its name in lower case."""
    return member.value if isinstance(member, str) else member.name.lower()
