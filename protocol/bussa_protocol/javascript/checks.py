"""Run-time validation of replies and events, composed of the functions in ``web/sdk/checks.js``.

Only types are validated; the server has validated lengths and patterns.
"""

import json
from collections.abc import Iterable, Iterator

import msgspec.inspect as ms

from bussa_protocol.javascript.contract import (
    leaves,
    literal_name,
    named_literals,
    omitted_at_default,
    struct,
    tag,
    without_null,
)


def shared_checks(from_server: Iterable[ms.StructType]) -> Iterator[str]:
    """One constant per named literal type and per part."""
    from_server = list(from_server)
    kinds = (kind for part in from_server for kind in leaves(part))
    used = {literal_name(kind.values) for kind in kinds if isinstance(kind, ms.LiteralType)}
    for name, words in named_literals():
        if name in used:
            yield f"const {name} = {_one_of(words)};\n"
    for part in from_server:
        if part.tag is None:
            yield f"const {part.cls.__name__} = {_object(part, indent='')};\n"


def frame_checks(name: str, frames: Iterable[type]) -> str:
    """A constant ``name``: a map from each frame's type to its check."""
    rows = [f"        {tag(frame)}: {_object(struct(frame), indent=' ' * 8)},\n" for frame in frames]
    return f"export const {name} = new Map(\n    Object.entries({{\n{''.join(rows)}    }}),\n);\n"


def _object(described: ms.StructType, indent: str) -> str:
    rows = [f"{indent}    {field.encode_name}: {_field(field, described.cls)},\n" for field in described.fields]
    return f"is.object({{\n{''.join(rows)}{indent}}})" if rows else "is.object({})"


def _field(field: ms.Field, owner: type) -> str:
    if omitted_at_default(field, owner):
        return f"is.optional({_check(without_null(field.type)[0])})"
    return _check(field.type)


def _check(kind: ms.Type) -> str:
    match kind:
        case ms.Metadata(type=inner):
            return _check(inner)
        case ms.StrType() | ms.EnumType():
            # An open set: codes may be added, and older clients accept them.
            return "is.string"
        case ms.IntType(ge=least):
            return "is.natural" if least is not None and least >= 0 else "is.integer"
        case ms.FloatType():
            return "is.number"
        case ms.BoolType():
            return "is.boolean"
        case ms.AnyType():
            return "is.anything"
        case ms.LiteralType(values=values):
            return literal_name(values) or _one_of(values)
        case ms.StructType(cls=cls):
            return cls.__name__
        case ms.ListType(item_type=item):
            return f"is.listOf({_check(item)})"
        case ms.UnionType():
            rest, nullable = without_null(kind)
            if nullable and not isinstance(rest, ms.UnionType):
                return f"is.nullable({_check(rest)})"
        case _:
            pass
    raise TypeError(f"no JavaScript check for {kind}")


def _one_of(words: Iterable[object]) -> str:
    return f"is.oneOf({', '.join(map(json.dumps, words))})"
