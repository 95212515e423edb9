"""What the deployment's files say: docker-compose.yml with its variables filled in, the Dockerfile's lines."""

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
    """A variable that compose would refuse to start without; says which, and what the file says about it."""


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """As compose does it: ``${NAME}``, ``${NAME:-default}``, ``${NAME:?complaint}``. Raises MissingError."""

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
    """docker-compose.yml as ``docker compose config`` would show it. Raises MissingError."""
    return yaml.safe_load(interpolate(COMPOSE.read_text(encoding="utf-8"), variables))


def servers(compose: dict[str, Any]) -> dict[str, Service]:
    """The services that are Bussa itself, by name."""
    return {name: service for name, service in compose["services"].items() if service.get("image") == "bussa"}


def dockerfile() -> list[tuple[str, str]]:
    """The instructions, continued lines put together."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines)]


def copied_sources() -> list[str]:
    """What the Dockerfile takes from the folder that it is built in."""
    sources: list[str] = []
    for word, rest in dockerfile():
        if word == "COPY" and not rest.startswith("--from"):
            sources += rest.split()[:-1]
    return sources


def is_in_build_context(path: str) -> bool:
    """Whether .dockerignore lets ``path``, relative to the root, into the build: the last line that fits decides."""
    fits = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        parts = Path(path).parts
        above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        if pattern.startswith("**/"):
            fitting = any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
        else:
            fitting = any(fnmatch.fnmatch(one, pattern) for one in above)
        if fitting:
            fits = line.startswith("!")
    return fits


def copy_image_sources(folder: Path) -> Path:
    """Make in ``folder`` what stands in the image's source folder, so that servers can be started from it."""
    for source in copied_sources():
        assert is_in_build_context(source), f".dockerignore keeps {source} out, which the Dockerfile copies"
        origin = ROOT / source
        if origin.is_dir():
            shutil.copytree(origin, folder / source, ignore=_ignored)
        else:
            shutil.copy(origin, folder / source)
    return folder


def source_path(folder: Path) -> str:
    """``PYTHONPATH`` of what `stage` has made: each folder of sources holds one package."""
    return os.pathsep.join(str(folder / name) for name in ("client", "load", "protocol", "server"))


def _ignored(folder: str, names: list[str]) -> set[str]:
    place = Path(folder).relative_to(ROOT)
    return {name for name in names if not is_in_build_context(str(place / name))}
