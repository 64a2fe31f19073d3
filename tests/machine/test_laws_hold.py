"""The laws of drafts and cursors hold, whatever happens to mailbox, wire, process and clock."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.dovecot import Dovecot
from tests.gmail.emulate import USERS, Emulate
from tests.gmail.standin import running_gmail
from tests.machine.machine import MailboxMachine
from tests.machine.memory import MemoryServer
from tests.machine.over_gmail import GmailServer
from tests.machine.over_imap import ImapServer
from tests.machine.steps import cut, kill
from tests.wire import Wire, wire_to

STEPS = int(os.environ.get("MACHINE_STEPS", "0"))
"""How many steps a long run makes of each machine, at random; 0 for what CI runs, which is the same every time."""
STEPS_A_LIFE = 40

_mailboxes = (number for number in range(USERS - 1, 0, -1))
"""The stand-in's last ones: other tests take the first."""


class MemoryMachine(MailboxMachine):
    """On a mailbox in memory."""

    def open_server(self) -> MemoryServer:
        """Return an empty mailbox."""
        return MemoryServer()

    @rule(how=st.sampled_from([kill, cut]))
    def append_late(self, how: Callable[[], None]) -> None:
        """The server finishes an append only after whoever goes on has looked; of two drafts one goes again."""
        server, program = self.server, self.cyrano
        assert isinstance(server, MemoryServer)
        self.deliver_letter()
        server.is_slow = True
        program.check({"after append_draft": how})
        server.is_slow = False
        program.check({"before append_draft": server.show_late})
        server.show_late()
        assert program.check()


def _run(machine: type[MailboxMachine], *, steps: int) -> None:
    """Live lives of a mailbox until so many steps are made."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=-(-(STEPS or steps) // STEPS_A_LIFE),
            stateful_step_count=STEPS_A_LIFE,
            deadline=None,
            database=None,
            derandomize=not STEPS,
            phases=[Phase.generate] if STEPS else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_laws_hold_in_memory() -> None:
    """Lives of a mailbox that has nothing but UIDs, without a server."""
    _run(MemoryMachine, steps=240)


@pytest.fixture
def wire(dovecot: Dovecot) -> Iterator[Wire]:
    """The line between Cyrano and Dovecot."""
    with wire_to(dovecot.port) as opened:
        yield opened


@pytest.mark.server
@pytest.mark.timeout(7200)
def test_the_laws_hold_on_dovecot(dovecot: Dovecot, wire: Wire) -> None:
    """Lives of a mailbox on a real IMAP server, with cuts on the wire."""

    class ImapMachine(MailboxMachine):
        def open_server(self) -> ImapServer:
            return ImapServer(dovecot, wire)

        def close_server(self) -> None:
            assert isinstance(self.server, ImapServer)
            self.server.close()

    _run(ImapMachine, steps=280)


@pytest.mark.server
@pytest.mark.timeout(7200)
def test_the_laws_hold_on_gmail(emulate: Emulate) -> None:
    """Lives of a Gmail mailbox, with calls that fail and history that is forgotten; and nothing asks Gmail to send."""

    class GmailMachine(MailboxMachine):
        def open_server(self) -> GmailServer:
            self.running = running_gmail(emulate, next(_mailboxes))
            return GmailServer(self.running.__enter__())

        def close_server(self) -> None:
            self.running.__exit__(None, None, None)

    _run(GmailMachine, steps=280)
