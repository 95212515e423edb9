"""Types to JSON Schemas under names for readers: the part that both API documents share.

msgspec says what each type is; here its words are made those of the documents, which people and
generators of many languages read.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from bussa_protocol.ids import USER_PATTERN

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"

# ECMA-262, which JSON Schema speaks, knows no ``\Z``, and its ``$`` is the very end and nothing else.
_ECMA_PATTERNS = {USER_PATTERN: USER_PATTERN.replace(r"\Z", "$")}


def reference(name: str) -> Json:
    """A pointer to the schema of that name."""
    return {"$ref": _PREFIX + name}


def components(named: Mapping[str, Any]) -> Json:
    """The schemas of types under the names given; ``#/components/schemas`` of a document.

    Raises:
        ValueError: a type is used that has no name.
    """
    references, schemas = msgspec.json.schema_components(named.values(), ref_template=_PREFIX + "{name}")
    names = {pointer["$ref"].removeprefix(_PREFIX): name for pointer, name in zip(references, named, strict=True)}
    if nameless := schemas.keys() - names.keys():
        raise ValueError(f"used, and not named: {sorted(nameless)}")
    return {names[given]: {**_rewrite(schema, names), "title": names[given]} for given, schema in schemas.items()}


def schema(kind: Any) -> Json:
    """The schema of one plain type: of a parameter, which needs no name."""
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
            # Python's marks for code to Markdown's.
            return value.replace("``", "`")
        case _:
            return _rewrite(value, names)
