"""Chooses the versions anew and writes them down with their hashes: ``python -m requirements``.

run.txt    what a server runs on
dev.txt    that, and what the tests and checks need

Both hold for every system and every Python that pyproject.toml names. The versions of run.txt are those of dev.txt,
so what runs is what was tested. Without ``--upgrade`` a version that still fits stays as it is.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

# What builds the editable installation: pip would fetch it unlocked otherwise.
BUILD = HERE / "build.in"


COMPILE = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes")


def lock(name: str, *options: str) -> None:
    written = ("--no-header", "--no-annotate", "--output-file", HERE / f"{name}.txt")
    subprocess.run([*COMPILE, *written, *options, HERE.parent / "pyproject.toml", BUILD], check=True)


lock("dev", "--extra", "dev", "--extra", "load-examples", *sys.argv[1:])
lock("run", "--constraint", str(HERE / "dev.txt"), *sys.argv[1:])
