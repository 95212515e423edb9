"""JSON Schemas of the types, under readable names: what both API documents share.

msgspec generates the schemas. This module renames them, and rewrites what is specific to Python.
"""

import inspect
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from bussa_protocol.ids import USER_PATTERN

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"

# JSON Schema has the patterns of ECMA-262, which has no ``\Z``; its ``$`` matches at the very end only.
_ECMA_PATTERNS = {USER_PATTERN: USER_PATTERN.replace(r"\Z", "$")}


def reference(name: str) -> Json:
    """A reference to the schema of that name."""
    return {"$ref": _PREFIX + name}


def components(named: Mapping[str, Any]) -> Json:
    """The schemas of ``named`` types, for ``#/components/schemas`` of a document.

    Raises:
        ValueError: one of them uses a type without a name.
    """
    references, schemas = msgspec.json.schema_components(named.values(), ref_template=_PREFIX + "{name}")
    names = {pointer["$ref"].removeprefix(_PREFIX): name for pointer, name in zip(references, named, strict=True)}
    if nameless := schemas.keys() - names.keys():
        raise ValueError(f"types without a name: {sorted(nameless)}")
    return {names[given]: {**_rewrite(schema, names), "title": names[given]} for given, schema in schemas.items()}


def schema(kind: Any) -> Json:
    """The inline schema of a plain type, such as a parameter's."""
    return _rewrite(msgspec.json.schema(kind), {})


def _rewrite(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _rewrite_entry(key, part, names) for key, part in cast("Json", value).items()}
    if isinstance(value, list):
        return [_rewrite(part, names) for part in cast("list[Any]", value)]
    return value


def _rewrite_entry(key: str, value: Any, names: Mapping[str, str]) -> Any:
    match key, value:
        case "$ref", str():
            return _PREFIX + names[value.removeprefix(_PREFIX)]
        case "pattern", str():
            return _ECMA_PATTERNS[value]
        case "description", str():
            # From reStructuredText to Markdown.
            return inspect.cleandoc(value).replace("``", "`")
        case _:
            return _rewrite(value, names)
