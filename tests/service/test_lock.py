"""service/lock.py: one process at a time on a home folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.errors import StoreBusy
from service.lock import hold_home

HOLDER = """
import sys, time
from pathlib import Path
from service.lock import hold_home
with hold_home(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(99)
"""


def test_a_second_holder_is_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    """The message names the process, the hint the ways out."""
    with (
        hold_home(tmp_path),
        pytest.raises(StoreBusy, match=rf"{tmp_path} \(process {os.getpid()}\)") as caught,
        hold_home(tmp_path),
    ):
        pass
    assert "Stop it first" in caught.value.hint


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    """Also after an error."""
    with pytest.raises(RuntimeError), hold_home(tmp_path):
        raise RuntimeError
    with hold_home(tmp_path):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """SIGKILL leaves no lock behind."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusy, match=f"process {holder.pid}"), hold_home(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
    with hold_home(tmp_path):
        pass
