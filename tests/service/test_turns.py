"""service/turns.py: one account's turn to be synced."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import AuthError, CyranoError, FolderError, Unreachable
from connectors.message import Address
from connectors.sync import SyncReport
from service.crew import ASK_AGAIN_S
from service.health import FAILED, REFUSED, WELL, Health
from service.ingest import Ingested
from service.turns import LOOK_AGAIN_S, SyncTurns

ANA = AccountRecord(
    name="ana", kind="imap", owner=Address(addr="ana@example.org"), addresses=frozenset({"ana@example.org"})
)
EVERY_S = 900.0


@pytest.fixture
def health(tmp_path: Path) -> Iterator[Health]:
    """Where it is noted."""
    with Archive.open(f"sqlite:///{tmp_path}/cyrano.db") as archive:
        archive.add_account(ANA)
        yield Health(archive.engine)


@dataclass
class Mailbox:
    """Answers with these errors, then well."""

    errors: list[CyranoError] = field(default_factory=list)
    asked: int = 0
    mark: str = "one"
    now_s: float = 0.0

    def ingest(self, record: AccountRecord) -> Ingested:
        """Fail or not."""
        self.asked += 1
        if self.errors:
            return Ingested(account=record.name, error=self.errors.pop(0))
        return Ingested(account=record.name, report=SyncReport(new=3, kept=2))

    def turns(self, health: Health) -> SyncTurns:
        """The turns of this one account."""
        return SyncTurns(
            lambda _: ANA,
            self.ingest,
            health,
            mark=lambda _: self.mark,
            every_minutes=15,
            clock=lambda: self.now_s,
            dice=lambda: 0.0,
        )


def test_a_turn_that_went_well_is_told_and_the_next_one_comes_in_time(health: Health) -> None:
    """So that `cyrano status` can say it."""
    assert Mailbox().turns(health).take("ana") == EVERY_S
    (sync,) = health.of("ana")
    assert sync.state == WELL
    assert sync.report.startswith("3 new mails")


def test_waits_grow_while_a_mailbox_fails_and_begin_anew_after(health: Health) -> None:
    """A server that is down is not hammered, and not forgotten either."""
    mailbox = Mailbox(errors=[Unreachable("It is away.", hint="Wait.")] * 9)
    turns = mailbox.turns(health)
    waits = [turns.take("ana") for _ in range(9)]
    assert waits[:3] == [15.0, 30.0, 60.0]
    assert waits[-1] == EVERY_S
    (sync,) = health.of("ana")
    assert (sync.state, sync.error, sync.hint) == (FAILED, "It is away.", "Wait.")
    assert turns.take("ana") == EVERY_S
    mailbox.errors = [Unreachable("It is away.")]
    assert turns.take("ana") == 15.0


def test_refused_credentials_are_left_alone_until_they_change(health: Health) -> None:
    """Or for some hours: a server that refused them by mistake is not given up for ever."""
    mailbox = Mailbox(errors=[AuthError("Refused.", hint="Log in again.")] * 2)
    turns = mailbox.turns(health)
    assert [turns.take("ana") for _ in range(5)] == [LOOK_AGAIN_S] * 5
    assert mailbox.asked == 1
    assert health.of("ana")[0].state == REFUSED
    mailbox.mark = "two"
    turns.take("ana")
    assert mailbox.asked == 2
    mailbox.now_s += ASK_AGAIN_S + 1
    assert turns.take("ana") == EVERY_S


def test_what_only_a_person_can_mend_is_not_hurried(health: Health) -> None:
    """A folder that is not there will not be there in a second."""
    assert Mailbox(errors=[FolderError("There is no Sent.")]).turns(health).take("ana") == EVERY_S
