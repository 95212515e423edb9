"""Parsers for the deployment's files: docker-compose.yml, the Dockerfile and .dockerignore."""

import fnmatch
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DEPLOY = ROOT / "deploy"

Service = dict[str, Any]

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}")


class MissingVariableError(ValueError):
    """A required variable is missing. Holds its name and the message of the file."""


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """As compose does: ``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}``. Raises MissingVariableError."""

    def fill(found: re.Match[str]) -> str:
        name, how, rest = found["name"], found["how"], found["rest"]
        value = variables.get(name, "")
        if value or how is None:
            return value
        if how == ":?":
            raise MissingVariableError(f"{name}: {rest}")
        return rest

    return _VARIABLE.sub(fill, text)


def variables_of(text: str) -> set[str]:
    return {found["name"] for found in _VARIABLE.finditer(text)}


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yml as ``docker compose config`` shows it. Raises MissingVariableError."""
    return yaml.safe_load(interpolate(COMPOSE.read_text(encoding="utf-8"), variables))


def servers(compose: dict[str, Any]) -> dict[str, Service]:
    """The services with the image ``bussa``, by name."""
    return {name: service for name, service in compose["services"].items() if service.get("image") == "bussa"}


def dockerfile() -> list[tuple[str, str]]:
    """The instructions, with continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines)]


def copied_sources() -> list[str]:
    """What the Dockerfile copies from the build context."""
    sources: list[str] = []
    for word, rest in dockerfile():
        if word == "COPY" and not rest.startswith("--from"):
            sources += rest.split()[:-1]
    return sources


def is_in_build_context(path: str) -> bool:
    """Whether .dockerignore includes ``path``, relative to the root: the last matching line decides."""
    included = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        parts = Path(path).parts
        above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        if pattern.startswith("**/"):
            matches = any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
        else:
            matches = any(fnmatch.fnmatch(one, pattern) for one in above)
        if matches:
            included = line.startswith("!")
    return included


def copy_image_sources(folder: Path) -> Path:
    """Copy the image's sources to ``folder``, so that servers can be started from it."""
    for source in copied_sources():
        assert is_in_build_context(source), f".dockerignore excludes {source}, which the Dockerfile copies"
        origin = ROOT / source
        if origin.is_dir():
            shutil.copytree(origin, folder / source, ignore=_ignored)
        else:
            shutil.copy(origin, folder / source)
    return folder


def source_path(folder: Path) -> str:
    """``PYTHONPATH`` for the result of `copy_image_sources`: each source folder has one package."""
    return os.pathsep.join(str(folder / name) for name in ("client", "load", "protocol", "server"))


def _ignored(folder: str, names: list[str]) -> set[str]:
    parent = Path(folder).relative_to(ROOT)
    return {name for name in names if not is_in_build_context(str(parent / name))}
