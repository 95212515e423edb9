"""Hypothesis strategies for frames, derived from their types, so that a new field is tested at once."""

import typing
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from bussa_protocol.frames import Request
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply

# Lone surrogates can't be encoded.
CHARACTERS_ENCODABLE = st.characters(exclude_categories=["Cs"])
SHORT_TEXTS = st.text(CHARACTERS_ENCODABLE, max_size=20)
INTEGERS = st.integers(min_value=-(2**63), max_value=2**64 - 1)
NUMBERS = INTEGERS | st.floats(allow_nan=False, allow_infinity=False)

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | SHORT_TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SHORT_TEXTS, inner, max_size=4),
    max_leaves=10,
)
"""All values that both encodings can represent."""

# The codecs do not depend on the size of a field: short values find as much, and faster.
MAX_LENGTH = 70


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a field of this type."""
    match kind:
        case inspect.IntType():
            return st.integers(0 if kind.ge is None else kind.ge, 2**53 - 1 if kind.le is None else kind.le)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern)
        case inspect.StrType():
            longest = min(MAX_LENGTH, MAX_LENGTH if kind.max_length is None else kind.max_length)
            return st.text(CHARACTERS_ENCODABLE, min_size=kind.min_length or 0, max_size=longest)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType():
            return st.dictionaries(SHORT_TEXTS, JSON_VALUES, max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.Metadata():
            return values_of(kind.type)
        case inspect.ListType():
            return st.lists(values_of(kind.item_type), max_size=3)
        case inspect.UnionType():
            return st.one_of([values_of(one) for one in kind.types])
        case inspect.StructType():
            return structs_of(kind.cls)
    raise TypeError(f"no strategy for {kind}")


def structs_of(cls: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Arbitrary frames or parts of one class."""
    fields = typing.cast("inspect.StructType", inspect.type_info(cls)).fields
    required = {field.name: values_of(field.type) for field in fields if field.required}
    optional = {field.name: values_of(field.type) for field in fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(drop_exclusive_fields).map(lambda given: cls(**given))


def drop_exclusive_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Types can't express that `before` and `after` of a history are mutually exclusive."""
    if fields.get("before") is not None:
        fields.pop("after", None)
    return fields


def frames_of(union: Any) -> st.SearchStrategy[Any]:
    """Arbitrary frames of a union of them."""
    return st.one_of([structs_of(cls) for cls in typing.get_args(union)])


REQUESTS = frames_of(Request)
REPLIES = frames_of(Reply)
EVENTS = frames_of(Event)
