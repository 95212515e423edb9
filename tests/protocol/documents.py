"""Helpers for the tests of both API documents."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]


def validator(document: Json, name: str) -> Draft202012Validator:
    """A validator for one of the document's named schemas."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def all_references(value: Any) -> Iterator[str]:
    """All ``$ref`` of a document."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref":
                yield part
            else:
                yield from all_references(part)
    elif isinstance(value, list):
        for part in value:
            yield from all_references(part)


def resolve_reference(document: Json, reference: str) -> Any:
    """The target of a reference within the document. Raises KeyError if there is none."""
    value: Any = document
    for step in reference.removeprefix("#/").split("/"):
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value
