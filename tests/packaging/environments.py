"""Virtual environments with the wheel and its declared dependencies only.

Nothing is downloaded: the dependencies are copied from the environment of the tests. An installation that works here
has declared everything that it needs.
"""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def wheel(folder: Path) -> Path:
    """The wheel of this repository, built by ``pip wheel``."""
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
    """The output of a command, which must exit with 0 and sees neither this repository nor this environment."""
    done = subprocess.run(
        command, cwd="/", env=clean_environment() | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment() -> dict[str, str]:
    removed = ("BUSSA_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(removed)}


class Environment:
    """An empty virtual environment."""

    def __init__(self, folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        self.bussa = self.bin / "bussa"
        self.packages = Path(run(self.python, "-c", "import site; print(site.getsitepackages()[0])").strip())

    def install(self, built: Path, *extras: str) -> set[str]:
        """Install the wheel, its dependencies and those of ``extras``; returns the names of the dependencies."""
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
        """Add a package of the environment's owner."""
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
                continue  # a script, or missing bytecode
            target = self.packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                os.link(source, target)
