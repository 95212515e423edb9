"""Chooses the versions anew and writes them down with their hashes: ``python -m requirements``.

run.txt    the server, the terminal chat, the load harness
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


def lock(name: str, extras: tuple[str, ...], *options: str) -> None:
    wanted = [f"--extra={extra}" for extra in extras]
    written = ("--no-header", "--no-annotate", "--output-file", HERE / f"{name}.txt")
    subprocess.run([*COMPILE, *written, *wanted, *options, HERE.parent / "pyproject.toml", BUILD], check=True)


lock("dev", ("dev", "load-examples"), *sys.argv[1:])
lock("run", ("server", "chat", "load"), "--constraint", str(HERE / "dev.txt"), *sys.argv[1:])
