"""The extension as it is built: the real one, and the one whose shadow roots tests may look into."""

import shutil
import subprocess
from pathlib import Path

from tests.parts import require

EXTENSION = Path(__file__).parents[2] / "extension"


def build(out: Path, *, is_open: bool) -> Path:
    """Build the extension for both browsers into a folder; tests can look into the shadow roots of an open one."""
    is_there = shutil.which("node") is not None and (EXTENSION / "node_modules").is_dir()
    require("The extension's tools", is_there=is_there, install="apt-get install nodejs npm; make extension")
    command = ["node", "build.mjs", "--out", str(out), *(["--test"] if is_open else [])]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out
