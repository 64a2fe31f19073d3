"""What is written down of who asked."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from connectors.errors import StoreBusy
from connectors.forget import empty
from connectors.schema import audit as table
from service.access.audit import Audit, Use
from tests.clock import Clock
from tests.service.stand_ins import NOON

DRAFTED = Use(account="ana", label="browser", action="POST /draft", origin="x")
LOOKED = Use(account="ana", label="console", action="GET /drafts")
REFUSED = Use(action="POST /draft", outcome="not-allowed")


@pytest.fixture
def audit(engine: Engine, clock: Clock[datetime]) -> Audit:
    """An empty audit."""
    return Audit(engine, clock=clock)


def rows(engine: Engine) -> list[tuple[str, int]]:
    """What stands in the database: actions and counts."""
    with engine.connect() as connection:
        query = select(table.c.action, table.c.count).order_by(table.c.action)
        return [(action, count) for action, count in connection.execute(query)]


def use(audit: Audit, *uses: Use) -> None:
    """Let requests come, each answered before the next."""
    for each in uses:
        audit.note(each)
        audit.settle()


def test_uses_are_counted_by_the_hour(audit: Audit, clock: Clock[datetime]) -> None:
    """Same token, same thing, same end, same hour: one row, with its count and its last time."""
    use(audit, DRAFTED, DRAFTED, REFUSED)
    clock.now = NOON + timedelta(minutes=59)
    use(audit, DRAFTED)
    clock.now = NOON + timedelta(minutes=61)
    use(audit, DRAFTED)
    found = [(count.hour.hour, count.use.action, count.use.outcome, count.count) for count in audit.read("ana")]
    assert found == [(13, "POST /draft", "ok", 1), (12, "POST /draft", "ok", 3)]
    assert audit.read("ana")[1].last_at == NOON + timedelta(minutes=59)
    assert [count.use for count in audit.read()].count(REFUSED) == 1
    assert audit.uses("ana") == {("browser", "x"): 4}


def test_what_only_repeats_waits_and_what_changes_something_does_not(
    audit: Audit, clock: Clock[datetime], engine: Engine
) -> None:
    """A page that looks each second costs one write a minute; a draft is written down at once."""
    use(audit, LOOKED, LOOKED, LOOKED)
    assert rows(engine) == [("GET /drafts", 1)]
    clock.now = NOON + timedelta(seconds=61)
    use(audit, LOOKED)
    assert rows(engine) == [("GET /drafts", 4)]
    use(audit, DRAFTED, DRAFTED)
    assert rows(engine) == [("GET /drafts", 4), ("POST /draft", 2)]


def test_strangers_who_are_refused_cost_no_write_each(audit: Audit, clock: Clock[datetime], engine: Engine) -> None:
    """Somebody who knocks without end is counted, and written down once a minute."""
    use(audit, REFUSED, REFUSED, REFUSED)
    assert rows(engine) == [("POST /draft", 1)]
    clock.now = NOON + timedelta(seconds=61)
    use(audit, REFUSED)
    assert rows(engine) == [("POST /draft", 4)]


def test_nothing_is_written_before_the_answer_is_out(audit: Audit, engine: Engine) -> None:
    """Counting costs no write; settling does."""
    audit.note(DRAFTED)
    assert rows(engine) == []
    audit.settle()
    assert rows(engine) == [("POST /draft", 1)]


def test_a_page_that_looks_by_itself_is_no_use_of_its_token(audit: Audit) -> None:
    """What its owner sees is how often the token did something, not how long the console was open."""
    looks = Use(account="ana", label="console", action="GET /console/browsers")
    use(audit, looks, looks, LOOKED, DRAFTED, Use(account="ana", label="console", action="POST /console/train"))
    assert audit.uses("ana") == {("console", ""): 2, ("browser", "x"): 1}
    assert sum(count.count for count in audit.read("ana")) == 5


def test_several_processes_add_up(audit: Audit, engine: Engine, clock: Clock[datetime]) -> None:
    """Two services on one database count together."""
    other = Audit(engine, clock=clock)
    use(audit, DRAFTED)
    use(other, DRAFTED)
    assert rows(engine) == [("POST /draft", 2)]


def test_what_is_older_than_90_days_goes(audit: Audit, clock: Clock[datetime], engine: Engine) -> None:
    """By itself, with the next write."""
    use(audit, DRAFTED)
    clock.now = NOON + timedelta(days=89)
    use(audit, LOOKED)
    assert len(rows(engine)) == 2
    clock.now = NOON + timedelta(days=91)
    use(audit, LOOKED)
    assert [action for action, _ in rows(engine)] == ["GET /drafts", "GET /drafts"]


def test_a_database_that_is_busy_refuses_nobody(tmp_path: Path, clock: Clock[datetime]) -> None:
    """The count waits, and is whole once it can be written."""
    from connectors.database import open_database  # noqa: PLC0415  the real one, with its real errors
    from connectors.schema import account  # noqa: PLC0415

    engine = open_database(f"sqlite:///{tmp_path / 'real.db'}", busy_timeout_s=0.01)
    row = {"name": "ana", "kind": "mbox", "owner_name": "Ana", "owner_addr": "a@x", "addresses": [], "settings": {}}
    with engine.begin() as connection:
        connection.execute(account.insert().values(row))
    audit = Audit(engine, clock=clock)
    with engine.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy), engine.begin() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
        use(audit, DRAFTED, DRAFTED)
        holder.rollback()
    use(audit, DRAFTED)
    assert rows(engine) == [("POST /draft", 3)]


def test_an_account_that_is_removed_leaves_no_trace(audit: Audit, engine: Engine) -> None:
    """What was counted goes with it, and what waits is not written after it."""
    use(audit, DRAFTED, LOOKED, REFUSED)
    audit.note(LOOKED)
    empty(engine, "ana")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM account WHERE name = 'ana'")
    audit.flush()
    assert rows(engine) == [("POST /draft", 1)]
    assert audit.read("ana") == []
