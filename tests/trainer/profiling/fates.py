"""Ends that a cell can come to. They are named functions, for they are called in other processes."""

import os
import signal
import sys
import time
from pathlib import Path


def be_killed(_cell: Path) -> None:
    """End as when the system has run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_out(_cell: Path) -> None:
    """End as when memory was refused to native code."""
    sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stderr.flush()
    os.abort()


def fail(_cell: Path) -> None:
    """End by a fault whose message quotes what was read."""
    raise KeyError("a secret from a mail")


def dawdle(cell: Path) -> None:
    """Take for ever, and say who does."""
    (cell / "pid").write_text(str(os.getpid()), "ascii")
    time.sleep(600)
