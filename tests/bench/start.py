"""How long `cyrano --help` takes, and what the idle web process weighs, against an interpreter that does nothing.

Run it from the root: `python -m tests.bench.start`.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

RUNS = 15
CYRANO = Path(sys.executable).with_name("cyrano")
EMPTY_SERVICE = """
import sys, time
from pathlib import Path
from service.app import App
from service.config import load_settings
from service.web import create_app
from service.web.joining import join_parts
app = App(Path(sys.argv[1]), load_settings(Path(sys.argv[1]), {}))
create_app(join_parts(app), app.settings.http)
print("up", flush=True)
time.sleep(60)
"""


def main() -> int:
    """Print the table."""
    help_s, python_s = seconds([CYRANO, "--help"]), seconds([sys.executable, "-c", "pass"])
    idle, bare = idle_mb(EMPTY_SERVICE), idle_mb("import time; print('up', flush=True); time.sleep(60)")
    print("| what | Cyrano | bare interpreter | ratio |")
    print("| --- | --- | --- | --- |")
    print(f"| `cyrano --help`, median of {RUNS}, s | {help_s:.3f} | {python_s:.3f} | {help_s / python_s:.1f} |")
    print(f"| idle web process, resident MB | {idle:.0f} | {bare:.0f} | {idle / bare:.1f} |")
    return 0


def seconds(command: list[str | Path]) -> float:
    """Return the median wall time of a command."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def idle_mb(program: str) -> float:
    """Return the resident memory of a Python program once it has said "up"."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-c", program, home]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as child:
            try:
                line = child.stdout.readline() if child.stdout else ""
                if not re.match("up", line):
                    raise SystemExit("The program did not come up.")
                return psutil.Process(child.pid).memory_info().rss / 1e6
            finally:
                child.kill()


if __name__ == "__main__":
    sys.exit(main())
