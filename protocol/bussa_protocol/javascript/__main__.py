"""``python -m bussa_protocol.javascript [FILE]``: write to FILE, or to standard output."""

import sys
from pathlib import Path

from bussa_protocol.javascript import generate

if len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(generate(), encoding="utf-8")
else:
    sys.stdout.write(generate())
