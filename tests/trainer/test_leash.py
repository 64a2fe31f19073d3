"""A trainer ends with whoever started it, and so do its workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from connectors.pipe import LEASH
from trainer.leash import LET_GO
from trainer.training.launch import WORKER

HOLDER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(99)
"""
BUSY = f"""
import subprocess, time
from trainer.leash import hold
hold(0)
worker = subprocess.Popen({list(WORKER)!r}, stdin=subprocess.PIPE)
while True:
    sum(range(1000))
"""
"""A trainer in the middle of a step, with a worker that waits for its order."""


def test_an_answer_is_heard_and_the_end_is_its_end() -> None:
    """Lines come as they were said; when the pipe closes the process is gone, with a code of its own."""
    code = "import time; from trainer.leash import hold; print(hold(0).get(), flush=True); time.sleep(99)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"go"')
        child.stdin.flush()
        child.stdin.write(b": true}\n")
        child.stdin.flush()
        assert child.stdout.readline() == b'{"go": true}\n'
        child.stdin.close()
        assert child.wait(10) == LET_GO


def test_an_ordinary_end_is_not_disturbed() -> None:
    """A thread that listens neither holds the process up nor spoils its exit code."""
    code = "from trainer.leash import hold; hold(0)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read() == b""


@pytest.mark.process
def test_killing_whoever_started_it_ends_trainer_and_workers() -> None:
    """SIGKILL to the service: within seconds nothing of the run is left, even in the middle of a step."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, BUSY], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        trainer = psutil.Process(int(service.stdout.readline()))
        deadline = time.monotonic() + 30
        while not trainer.children():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        tree = [trainer, *trainer.children(recursive=True)]
        time.sleep(0.5)  # the worker has to have come so far that it listens
        began = time.monotonic()
        os.kill(service.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(tree, timeout=10)
        assert not alive
        assert time.monotonic() - began < 5


@pytest.mark.process
def test_only_who_says_so_holds_it(tmp_path: Path) -> None:
    """Without the word in the environment a closed standard input means nothing: it was started by hand, or by cron."""
    command = [sys.executable, "-m", "trainer", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if name != LEASH}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert "There is no job" in done.stdout
