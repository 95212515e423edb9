"""Reads the files of ``protocol/bussa_protocol/vectors``."""

import json
from pathlib import Path
from typing import Any

import bussa_protocol

FOLDER = Path(bussa_protocol.__file__).parent / "vectors"

Entry = dict[str, Any]


def load_vectors(file: str) -> list[Entry]:
    """The entries of one file."""
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def entry_name(entry: Entry) -> str:
    """The test id of an entry."""
    return str(entry["name"])


def invalid_bytes(entry: Entry) -> bytes:
    """The bytes of an invalid frame."""
    return entry["text"].encode() if "text" in entry else bytes.fromhex(entry["hex"])
