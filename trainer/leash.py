"""Ends the trainer with whoever started it, and hears what they answer.

The rule: when standard input closes, which the system sees to however its holder ends, this process ends at once, and
with it every worker: those hold pipes of this one in the same way. What was learned lies in checkpoints.
"""

import os
import threading
from queue import SimpleQueue

Answers = SimpleQueue[str]
LET_GO = 143
"""The exit code, as of SIGTERM; nobody is there to read it."""


def hold(descriptor: int) -> Answers:
    """Begin to listen; return where the lines that were said can be taken from."""
    answers: Answers = SimpleQueue()
    threading.Thread(target=_listen, args=(descriptor, answers), name="leash", daemon=True).start()
    return answers


def _listen(descriptor: int, answers: Answers) -> None:
    # Not by way of sys.stdin: a thread that waits in its lock would break the interpreter's end.
    rest = b""
    try:
        while data := os.read(descriptor, 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                answers.put(line.decode("utf-8", "replace"))
    finally:
        os._exit(LET_GO)  # nothing is tidied up: the main thread may be in the middle of a step
