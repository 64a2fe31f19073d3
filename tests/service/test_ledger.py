"""The life of a draft."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.errors import StoreError
from service.ledger import Ledger, State, Written
from tests.service.stand_ins import make_database

TEXT = Written(text="Hi", subject="Re: x", language="en", adapter="ana@v1", source_ids=["a", "b"], tokens=3)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An empty database."""
    return make_database(tmp_path)


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    """A ledger whose clock goes on by a second at each look."""
    ticks = iter(range(10_000))
    return Ledger(engine, clock=lambda: datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=next(ticks)))


def test_draft_on_request_lives_from_generating_to_done(ledger: Ledger) -> None:
    """A draft is known before it is written, and its text after."""
    draft_id = ledger.begin("ana", instruction="say hi", subject="x")
    before = ledger.get(draft_id)
    assert before is not None
    assert (before.state, before.instruction, before.answers) == (State.GENERATING, "say hi", None)
    ledger.finish(draft_id, TEXT)
    after = ledger.get(draft_id)
    assert after is not None
    assert (after.state, after.text, after.source_ids, after.tokens) == (State.DONE, "Hi", ("a", "b"), 3)
    assert after.changed_at > after.created_at


def test_wanting_twice_is_wanting_once(ledger: Ledger) -> None:
    """A watched mail has one row, and the draft's Message-ID is the first one given."""
    first = ledger.want("ana", "m1@x", "d1@cyrano")
    second = ledger.want("ana", "m1@x", "d2@cyrano")
    assert first == second
    assert second.message_id == "d1@cyrano"
    assert ledger.want("bob", "m1@x", "d3@cyrano").draft_id != first.draft_id


def test_many_watchers_want_one_row(engine: Engine) -> None:
    """Threads that see the same mail at the same time agree on one draft."""
    with ThreadPoolExecutor(8) as threads:
        rows = list(threads.map(lambda n: Ledger(engine).want("ana", "m1@x", f"d{n}@cyrano"), range(8)))
    assert len({row.draft_id for row in rows}) == 1


def test_watched_mail_is_pending_until_appended(ledger: Ledger) -> None:
    """Whatever state a crash leaves behind, the mail is pending; appended, it is not; and its text is kept before."""
    row = ledger.want("ana", "m1@x", "d1@cyrano")
    moves = [
        (lambda: ledger.set_generating(row.draft_id), State.GENERATING),
        (lambda: ledger.set_generating(row.draft_id), State.GENERATING),  # the process was killed, and begins again
        (lambda: ledger.fail(row.draft_id, "engine down"), State.FAILED),
        (lambda: ledger.set_generating(row.draft_id), State.GENERATING),
        (lambda: ledger.keep_text(row.draft_id, TEXT), State.WRITTEN),
    ]
    for move, state in moves:
        move()
        assert [(each.draft_id, each.state) for each in ledger.pending("ana")] == [(row.draft_id, state)]
    assert ledger.pending("ana")[0].text == "Hi"
    ledger.set_appended(row.draft_id)
    ledger.set_appended(row.draft_id)
    assert ledger.pending("ana") == []
    assert ledger.want("ana", "m1@x", "d9@cyrano").state is State.APPENDED


def test_withdrawn_mail_is_not_pending_nor_wanted_again(ledger: Ledger) -> None:
    """What was given up stays given up."""
    row = ledger.want("ana", "m1@x", "d1@cyrano")
    ledger.withdraw(row.draft_id, "the mail is gone")
    assert ledger.pending("ana") == []
    assert ledger.want("ana", "m1@x", "d1@cyrano").state is State.WITHDRAWN


def test_moves_off_the_arrows_are_refused(ledger: Ledger) -> None:
    """An appended draft cannot be written again, and nothing changes by trying."""
    row = ledger.want("ana", "m1@x", "d1@cyrano")
    with pytest.raises(StoreError, match="cannot become appended"):
        ledger.set_appended(row.draft_id)
    ledger.set_generating(row.draft_id)
    ledger.keep_text(row.draft_id, TEXT)
    ledger.set_appended(row.draft_id)
    for move in (ledger.set_generating, lambda draft_id: ledger.fail(draft_id, "late")):
        with pytest.raises(StoreError):
            move(row.draft_id)
    kept = ledger.get(row.draft_id)
    assert kept is not None
    assert kept.state is State.APPENDED


def test_recent_names_its_account(ledger: Ledger) -> None:
    """Recent drafts are the account's own, newest first, at most so many."""
    ids = [ledger.begin("ana", instruction=str(number)) for number in range(3)]
    ledger.begin("bob")
    assert [row.draft_id for row in ledger.recent("ana", 2)] == [ids[2], ids[1]]


def test_drafts_left_behind_are_failed(ledger: Ledger) -> None:
    """After a kill, drafts on request end as failed; those of this process and watched ones stay."""
    old = ledger.begin("ana")
    watched = ledger.want("ana", "m1@x", "d1@cyrano")
    ledger.set_generating(watched.draft_id)
    young = ledger.begin("ana")
    young_row = ledger.get(young)
    assert young_row is not None
    assert ledger.fail_abandoned(young_row.created_at) == 1
    states = {row.draft_id: row.state for row in ledger.recent("ana", 9)}
    assert states == {old: State.FAILED, watched.draft_id: State.GENERATING, young: State.GENERATING}
