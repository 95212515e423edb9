"""JSDoc types of every frame and part.

In replies and events a field is optional if the server may leave it out; it is never null then. In requests every
field with a default is optional.
"""

import inspect
import json
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

import msgspec.inspect as ms

from bussa_protocol.codes import HttpCode, ReconnectAdvice
from bussa_protocol.javascript.contract import (
    leaves,
    literal_name,
    member_name,
    named_literals,
    omitted_at_default,
    struct,
    tag,
    without_null,
)

# Enumerations that occur in no frame: the codes of HTTP problems, and what to do after a close.
_MORE_ENUMS: tuple[type[Enum], ...] = (HttpCode, ReconnectAdvice)

_LINE = 116


def literal_typedefs() -> Iterator[str]:
    """The literal types that have a name."""
    for name, words in named_literals():
        yield _typedef(name, _union(map(json.dumps, words)))


def enum_typedefs(used_by: Iterable[ms.StructType]) -> Iterator[str]:
    """The enumerations of the structs, and those that occur in no frame; each once."""
    kinds = (kind for user in used_by for kind in leaves(user))
    used = [kind.cls for kind in kinds if isinstance(kind, ms.EnumType)]
    for enum in dict.fromkeys((*used, *_MORE_ENUMS)):
        yield _typedef(enum.__name__, _union(json.dumps(member_name(member)) for member in enum), _docstring(enum))


def struct_typedefs(classes: Iterable[type], inputs: Collection[type] = ()) -> Iterator[str]:
    """One typedef per class. ``inputs``: the classes that a client sends."""
    for cls in classes:
        described = struct(cls)
        properties = [_property(field, cls, cls in inputs) for field in described.fields]
        if described.tag is not None:
            properties.insert(0, f"@property {{{json.dumps(described.tag)}}} {described.tag_field}")
        yield _object_typedef(cls.__name__, properties, _docstring(cls))


def union_typedef(name: str, classes: Iterable[type]) -> str:
    """A union of ``classes``."""
    return _typedef(name, _union(cls.__name__ for cls in classes))


def reply_types_typedef(reply_types: Mapping[type, type | None]) -> str:
    """A map from a request's type to its reply."""
    rows = [
        f"@property {{{reply.__name__}}} {tag(request)}" for request, reply in reply_types.items() if reply is not None
    ]
    return _object_typedef(
        "ReplyTypes", rows, "The reply to each request, by the request's type. Requests without a reply are left out."
    )


def _property(field: ms.Field, owner: type, is_input: bool) -> str:
    optional = omitted_at_default(field, owner) or (is_input and not field.required)
    kind = field.type if is_input or not optional else without_null(field.type)[0]
    name = f"[{field.encode_name}]" if optional else field.encode_name
    return f"@property {{{_js_type(kind)}}} {name} {_field_description(field.type)}".rstrip()


def _js_type(kind: ms.Type) -> str:
    match kind:
        case ms.Metadata(type=inner):
            return _js_type(inner)
        case ms.StrType():
            return "string"
        case ms.IntType() | ms.FloatType():
            return "number"
        case ms.BoolType():
            return "boolean"
        case ms.NoneType():
            return "null"
        case ms.AnyType():
            return "unknown"
        case ms.LiteralType(values=values):
            return literal_name(values) or _union(map(json.dumps, values))
        case ms.EnumType(cls=cls) | ms.StructType(cls=cls):
            return cls.__name__
        case ms.ListType(item_type=item):
            of = _js_type(item)
            return f"({of})[]" if " " in of else f"{of}[]"
        case ms.UnionType(types=kinds):
            return _union(map(_js_type, kinds))
        case _:
            raise TypeError(f"no JavaScript type for {kind}")


def _typedef(name: str, js_type: str, description: str = "") -> str:
    line = f"@typedef {{{js_type}}} {name}"
    wrapped = textwrap.wrap(line, _LINE, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return _comment(description, wrapped)


def _object_typedef(name: str, properties: Iterable[str], description: str) -> str:
    return _comment(description, [f"@typedef {{object}} {name}", *properties])


def _comment(description: str, tags: Iterable[str]) -> str:
    lines = [*description.splitlines(), *([""] if description else []), *tags]
    text = "".join(f" * {line}".rstrip() + "\n" for line in lines)
    return f"/**\n{text} */\n"


def _union(types: Iterable[str]) -> str:
    return " | ".join(types)


def _docstring(cls: type) -> str:
    # Python's marks for code to Markdown's.
    return inspect.cleandoc(cls.__doc__ or "").replace("``", "`")


def _field_description(kind: ms.Type) -> str:
    extra: dict[str, Any] | None = getattr(without_null(kind)[0], "extra_json_schema", None)
    return extra.get("description", "") if extra else ""
