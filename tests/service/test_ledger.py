"""The life of a draft."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.errors import StoreError
from service.draft_row import OPEN, DraftKind, DraftRow, State, Written
from service.ledger import Ledger
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


def test_a_changed_draft_names_the_one_before(ledger: Ledger) -> None:
    """Both stay: which of them counts is told elsewhere."""
    first = ledger.begin("ana", instruction="say hi")
    second = _get(ledger, ledger.begin("ana", instruction="shorter", replaces=first))
    assert (second.replaces, _get(ledger, first).replaces) == (first, "")


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


def _written(ledger: Ledger, answers: str = "m1@x", *, replaces: str = "") -> str:
    row = ledger.want("ana", answers, f"d-{answers}", thread_id="t@x", replaces=replaces)
    ledger.set_generating(row.draft_id)
    ledger.keep_text(row.draft_id, TEXT)
    return row.draft_id


def _appended(ledger: Ledger, answers: str = "m1@x", *, replaces: str = "") -> str:
    draft_id = _written(ledger, answers, replaces=replaces)
    ledger.set_appended(draft_id, ref="Drafts;1;7", seal="5" * 64)
    return draft_id


def _get(ledger: Ledger, draft_id: str) -> DraftRow:
    row = ledger.get(draft_id)
    assert row is not None
    return row


def test_a_row_keeps_what_it_was_made_from(ledger: Ledger) -> None:
    """Kind, thread, whose place it takes, instruction and the owner's own draft, until that is let go."""
    row = ledger.want(
        "ana",
        "own@ana",
        "d1@cyrano",
        kind=DraftKind.INSTRUCTED,
        thread_id="t@x",
        replaces="0" * 32,
        instruction="decline",
        original=b"@cyrano decline",
        recipients=["ben@example.net"],
    )
    assert (row.kind, row.thread_id, row.replaces) == (DraftKind.INSTRUCTED, "t@x", "0" * 32)
    assert (row.instruction, row.original, row.recipients) == ("decline", b"@cyrano decline", ("ben@example.net",))
    ledger.drop_original(row.draft_id)
    assert _get(ledger, row.draft_id).original is None
    assert _get(ledger, ledger.begin("ana")).kind is DraftKind.REQUEST
    assert ledger.want("ana", "m1@x", "d2@cyrano").kind is DraftKind.ANSWER


def test_where_a_draft_lies_is_known_until_it_is_taken_out(ledger: Ledger) -> None:
    """A later place takes the place of an earlier one, and a draft that is found again was not missing."""
    draft_id = _appended(ledger)
    ledger.miss(draft_id)
    assert _get(ledger, draft_id).missed_at is not None
    ledger.set_ref(draft_id, "Drafts;1;9")
    row = _get(ledger, draft_id)
    assert (row.ref, row.missed_at, row.seal, row.state) == ("Drafts;1;9", None, "5" * 64, State.APPENDED)
    ledger.set_appended(draft_id)
    assert _get(ledger, draft_id).ref == "Drafts;1;9"


_MOVES = {
    "generating": Ledger.set_generating,
    "fail": lambda ledger, draft_id: ledger.fail(draft_id, "why"),
    "keep_text": lambda ledger, draft_id: ledger.keep_text(draft_id, TEXT),
    "appended": Ledger.set_appended,
    "edited": lambda ledger, draft_id: ledger.set_edited(draft_id, ref="Drafts;1;8"),
    "sent": Ledger.set_sent,
    "deleted": Ledger.set_deleted,
    "withdraw": lambda ledger, draft_id: ledger.withdraw(draft_id, "why"),
}
_ARROWS = {
    State.WANTED: {"generating", "fail", "withdraw"},
    State.GENERATING: {"generating", "fail", "keep_text", "withdraw"},
    State.FAILED: {"generating", "withdraw"},
    State.WRITTEN: {"fail", "appended", "edited", "withdraw"},
    State.APPENDED: {"appended", "edited", "sent", "deleted", "withdraw"},
    State.EDITED: {"edited", "sent", "deleted"},
    State.DELETED: {"edited", "sent"},
    State.WITHDRAWN: {"edited", "sent"},
    State.SENT: set(),
}
_WAYS = {
    State.WANTED: (),
    State.GENERATING: ("generating",),
    State.FAILED: ("generating", "fail"),
    State.WRITTEN: ("generating", "keep_text"),
    State.APPENDED: ("generating", "keep_text", "appended"),
    State.EDITED: ("generating", "keep_text", "appended", "edited"),
    State.SENT: ("generating", "keep_text", "appended", "sent"),
    State.DELETED: ("generating", "keep_text", "appended", "deleted"),
    State.WITHDRAWN: ("generating", "keep_text", "appended", "withdraw"),
}


@pytest.mark.parametrize("move", _MOVES)
@pytest.mark.parametrize("state", _ARROWS)
def test_every_move_is_an_arrow_or_refused(ledger: Ledger, state: State, move: str) -> None:
    """All states, all moves: what is not drawn at the head of the module changes nothing."""
    draft_id = ledger.want("ana", "m1@x", "d1@cyrano").draft_id
    for step in _WAYS[state]:
        _MOVES[step](ledger, draft_id)
    before = _get(ledger, draft_id)
    assert before.state is state
    if move in _ARROWS[state]:
        _MOVES[move](ledger, draft_id)
    else:
        with pytest.raises(StoreError, match="cannot become"):
            _MOVES[move](ledger, draft_id)
        assert _get(ledger, draft_id) == before


def test_followed_is_what_may_still_change(ledger: Ledger) -> None:
    """What lies in Drafts, what is to be taken out of it, and what was deleted a short while ago."""
    ids = {name: _appended(ledger, name) for name in ("there", "edited", "sent", "deleted", "withdrawn", "out")}
    _written(ledger, "written")
    ledger.set_edited(ids["edited"], ref="Drafts;1;8")
    ledger.set_sent(ids["sent"])
    ledger.set_deleted(ids["deleted"])
    ledger.withdraw(ids["withdrawn"], "why")
    ledger.withdraw(ids["out"], "why")
    ledger.set_ref(ids["out"], "")
    assert [row.answers for row in ledger.followed("ana")] == ["there", "edited", "deleted", "withdrawn"]
    assert ledger.followed("bob") == []


def test_a_draft_deleted_long_ago_is_not_followed(engine: Engine) -> None:
    """After a day nobody looks for it in Sent any more."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    draft_id = _appended(Ledger(engine, clock=lambda: now))
    Ledger(engine, clock=lambda: now).set_deleted(draft_id)
    assert Ledger(engine, clock=lambda: now + timedelta(hours=23)).followed("ana")
    assert Ledger(engine, clock=lambda: now + timedelta(hours=25)).followed("ana") == []


def test_only_what_never_lay_in_drafts_can_be_dropped(ledger: Ledger) -> None:
    """The mail may then be wanted again; who was to take its place takes that of the one before."""
    first = _get(ledger, _appended(ledger, "m1@x"))
    second = ledger.want("ana", "m2@x", "d2", replaces=first.draft_id)
    third = ledger.want("ana", "m3@x", "d3", replaces=second.draft_id)
    with pytest.raises(StoreError, match="cannot be dropped"):
        ledger.drop(first)
    assert _get(ledger, second.draft_id).replaces == first.draft_id
    ledger.drop(second)
    assert ledger.get(second.draft_id) is None
    assert _get(ledger, third.draft_id).replaces == first.draft_id
    after = ledger.replacing(first)
    assert after is not None
    assert after.draft_id == third.draft_id
    assert ledger.want("ana", "m2@x", "d2").state is State.WANTED


def test_a_draft_is_found_by_the_mail_it_answers(ledger: Ledger) -> None:
    """Each account its own."""
    draft_id = _written(ledger, "m2@x")
    ledger.want("bob", "m2@x", "d1")
    found = ledger.answering("ana", "m2@x")
    assert found is not None
    assert found.draft_id == draft_id
    assert ledger.answering("ana", "m9@x") is None


def test_a_dropped_cursor_is_gone_and_no_other(ledger: Ledger) -> None:
    """Mail that came while not all mail was answered gets no drafts later."""
    ledger.set_arrival("ana", "7")
    ledger.set_arrival("bob", "8")
    ledger.drop_arrival("ana")
    assert (ledger.arrival("ana"), ledger.arrival("bob")) == (None, "8")


def test_what_was_begun_is_counted_once(ledger: Ledger) -> None:
    """When it was first given to the model counts, however often it is tried; mails that wait do not."""
    row = ledger.want("ana", "m1@x", "d1")
    since = row.created_at
    assert ledger.begun_since("ana", since) == 0
    ledger.set_generating(row.draft_id)
    begun_at = _get(ledger, row.draft_id).begun_at
    ledger.fail(row.draft_id, "engine down")
    ledger.set_generating(row.draft_id)
    assert _get(ledger, row.draft_id).begun_at == begun_at
    assert ledger.begun_since("ana", since) == 1
    assert ledger.begun_since("bob", since) == 0
    assert begun_at is not None
    assert ledger.begun_since("ana", begun_at + timedelta(seconds=1)) == 0
    asked = ledger.want("ana", "own@ana", "d2", kind=DraftKind.INSTRUCTED)
    ledger.set_generating(asked.draft_id)
    assert ledger.begun_since("ana", since) == 1  # asked for by hand


def test_the_arrival_cursor_is_each_accounts_own(ledger: Ledger) -> None:
    """None before the first, then the last one kept."""
    assert ledger.arrival("ana") is None
    for cursor in ("7:1", "7:9"):
        ledger.set_arrival("ana", cursor)
        assert ledger.arrival("ana") == cursor
    assert ledger.arrival("bob") is None


def test_open_states_are_those_still_to_come(ledger: Ledger) -> None:
    """What is pending is just what is open."""
    for state in OPEN:
        row = ledger.want("ana", state, f"d-{state}")
        for step in _WAYS[state]:
            _MOVES[step](ledger, row.draft_id)
    assert [row.answers for row in ledger.pending("ana")] == list(OPEN)
