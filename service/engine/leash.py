"""Holds a process tree to the life of the one who started it: `python -m service.engine.leash PROGRAM ARGUMENTS`.

The rule: when standard input closes, which the system sees to however its holder ends, or when the program ends,
nothing of the tree is left. vLLM works in several processes, and a parent-death signal reaches only the first of
them; so this process leads their group and, as a subreaper, sees when the last of them is gone.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 5.0
"""How long the tree may take to end by itself."""
TICK_S = 0.1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main(argv: list[str]) -> int:
    """Run a program until it ends or standard input closes; return its exit code."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=_die_with_leash)  # noqa: S603, PLW1509  one thread
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 127
    # A handler, unlike SIG_IGN, is not inherited: the tree still hears the signal, this process outlives it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    ended: dict[int, int] = {}
    while not _reap(ended) and child.pid not in ended and not _is_let_go():
        pass
    _end_tree(ended)
    return ended.get(child.pid, 0)


def _is_let_go() -> bool:
    """Wait a moment, and tell whether standard input was closed."""
    return bool(select.select([sys.stdin], [], [], TICK_S)[0]) and not os.read(sys.stdin.fileno(), 1024)


def _reap(ended: dict[int, int]) -> bool:
    """Note the exit codes of what has ended; tell whether nothing is left."""
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return False
            ended[pid] = os.waitstatus_to_exitcode(status)
    except ChildProcessError:
        return True


def _end_tree(ended: dict[int, int]) -> None:
    if _reap(ended):
        return
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        if _reap(ended):
            return
        time.sleep(TICK_S)
    os.killpg(0, signal.SIGKILL)  # this process is in the group too: nothing comes after


def _die_with_leash() -> None:
    """Should the leash itself be killed, the kernel ends the program."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
