"""service/refresh/holder.py: telling whether the process that holds something still lives."""

import subprocess
import sys

from service.refresh.holder import is_dead, is_here, read_holder, this_process


def test_a_holder_survives_being_written_down() -> None:
    """What stands in the table is read as what was written."""
    me = this_process()
    assert read_holder(str(me)) == me
    assert is_here(me)
    assert not is_dead(me)


def test_two_holds_of_one_process_differ() -> None:
    """Else one thread would take what another one holds for its own."""
    assert this_process() != this_process()


def test_what_is_no_holder_is_none() -> None:
    """A row that somebody else wrote stops nobody."""
    assert read_holder("") is None
    assert read_holder("somebody") is None
    assert read_holder("a|b|c|d|e") is None


def test_a_process_that_ended_is_dead_and_one_with_its_number_is_another() -> None:
    """Process ids are given again: the time of the start tells who it is."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert is_dead(this_process()._replace(pid=child.pid, started="1"))
        pid = child.pid
        child.communicate(b"\n")
    assert is_dead(this_process()._replace(pid=pid))


def test_of_a_process_elsewhere_nothing_is_certain() -> None:
    """Another machine, another container, or this one before it was started again: a number says nothing there."""
    elsewhere = this_process()._replace(place="another boot/4026531836", pid=999_999)
    assert not is_here(elsewhere)
    assert not is_dead(elsewhere)
    nowhere = this_process()._replace(place="", pid=999_999)
    assert not is_dead(nowhere)
