"""Environments of other people: an empty Python, a wheel, and only what the wheel says it needs.

Nothing is fetched: what the wheel's metadata names is copied from where the tests run. So an installation that works
here has named everything that it needs, and installs no more than that.
"""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def wheel(folder: Path) -> Path:
    """The wheel of this clone, built as ``pip wheel`` builds it."""
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
    )
    [built] = folder.glob("bussa-*.whl")
    return built


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; it has to end with status 0, and sees neither this clone nor this environment."""
    done = subprocess.run(
        command, cwd="/", env=clean_environment() | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment() -> dict[str, str]:
    ours = ("BUSSA_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


class Environment:
    """An empty virtual environment."""

    def __init__(self, folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        self.bussa = self.bin / "bussa"
        self.packages = Path(run(self.python, "-c", "import site; print(site.getsitepackages()[0])").strip())

    def install(self, built: Path, *extras: str) -> set[str]:
        """The wheel, and what it and the extras need; returns the names of the latter."""
        run(
            sys.executable,
            "-m",
            "pip",
            f"--python={self.python}",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            built,
        )
        needed: set[str] = set()
        [installed] = metadata.distributions(name="bussa", path=[str(self.packages)])
        self._collect(installed, extras, needed)
        for name in needed:
            self._copy(metadata.distribution(name))
        return needed

    def own_package(self, name: str) -> None:
        """A package of whoever owns the environment."""
        (self.packages / name).mkdir()
        (self.packages / name / "__init__.py").write_text('OWNER = "not Bussa"\n', encoding="utf-8")

    def _collect(self, distribution: metadata.Distribution, extras: tuple[str, ...], needed: set[str]) -> None:
        for line in distribution.requires or ():
            requirement = Requirement(line)
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            )
            name = requirement.name.lower().replace("_", "-")
            if wanted and (name not in needed or requirement.extras):
                needed.add(name)
                self._collect(metadata.distribution(name), tuple(requirement.extras), needed)

    def _copy(self, distribution: metadata.Distribution) -> None:
        for file in distribution.files or ():
            source = Path(str(distribution.locate_file(file)))
            if ".." in file.parts or not source.is_file():
                continue  # a command of its own, or bytecode that is not there
            target = self.packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                os.link(source, target)
