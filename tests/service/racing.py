"""Processes that do the same at the same moment, so that only the database can decide between them."""

import subprocess
import sys


def race(program: str, *arguments: str, processes: int) -> int:
    """Start processes of one program, let them go together, and return what they counted in all.

    Args:
        program: Python that says "ready", waits for a line, and then prints a number.
        arguments: What each is given.
        processes: How many.
    """
    command = [sys.executable, "-c", program, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers: list[subprocess.Popen[str]] = [subprocess.Popen(command, **pipes) for _ in range(processes)]  # type: ignore[call-overload]  # the pipes
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return sum(int(worker.communicate(timeout=60)[0]) for worker in workers)
