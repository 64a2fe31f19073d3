"""What `cyrano status` says of runs: what was last learned, what is under way, and what comes next and why."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.adapter import WEIGHTS, AdapterCard, publish, set_current
from connectors.message import Address
from retrieval.prompt import PROMPT_VERSION
from service.app import App
from service.commands.status import _ago, _run_lines
from service.config import Settings
from service.refresh.runs import RunState
from tests.trainer.mails import archived, mails

NOW = datetime.now(UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A home with the account ana and 30 mails."""
    app = App(tmp_path / "home", Settings.model_validate({"engine": {"model": "tiny"}, "refresh": {"hours": ""}}))
    owner = Address(addr="ana@example.org", name="Ana")
    app.archive.add_account(AccountRecord(name="ana", kind="mbox", owner=owner, addresses=frozenset({owner.addr})))
    app.archive.store("ana", [archived(each, "ana") for each in mails(30)], "1")
    yield app
    app.close()


def lines(app: App) -> list[str]:
    """Return what status says of Ana's runs."""
    return list(_run_lines(app, "ana", datetime.now(UTC)))


def learn(app: App, count: int) -> None:
    """Have an adapter that knows the first mails."""
    built = app.home / "built"
    built.mkdir()
    (built / WEIGHTS).write_bytes(b"weights")
    newest = mails(count)[-1].sent_at
    assert newest is not None
    card = AdapterCard(
        account="ana", base_model="tiny", prompt_version=PROMPT_VERSION, method="lora",
        created_at=NOW.isoformat(), is_approved=True, verdict="Good.", data={"newest": newest.isoformat()},
    )  # fmt: skip
    set_current(app.adapters_root, "ana", publish(app.adapters_root, built, card).version)


def test_an_account_that_never_learned_says_nothing_of_runs(app: App) -> None:
    """Its own line says how to begin."""
    assert lines(app) == []


def test_what_a_clock_ahead_noted_was_just_now() -> None:
    """Clocks of machines differ by a little."""
    assert _ago(NOW + timedelta(seconds=2), NOW) == "just now"
    assert _ago(NOW - timedelta(days=2), NOW) == "2 days ago"


def test_the_next_run_and_why_are_told(app: App) -> None:
    """Due now, later, or not at all."""
    learn(app, 30)
    assert lines(app) == ["next  no run: Nothing is new since ana@v1."]
    learn(app, 20)
    when = f"{(NOW + timedelta(days=7)).astimezone():%a %d %b %H:%M}"
    assert lines(app) == [f"next  {when}: 10 new mails of 25 since ana@v2."]
    app.runs.ask("ana")
    assert lines(app) == ["next  now: You asked for it."]


def test_the_last_run_is_told_with_what_to_do(app: App) -> None:
    """And how it ended."""
    learn(app, 30)
    run = app.runs.begin("ana", why="")
    app.runs.end(run.run_id, RunState.FAILED, reason="The disk is full.", hint="Free some disk space.")
    assert lines(app)[:2] == ["learn failed, just now: The disk is full.", "      → Free some disk space."]


def test_a_run_under_way_is_told_with_how_far_it_is(app: App) -> None:
    """Then what comes next is of no interest."""
    run = app.runs.begin("ana", why="")
    app.runs.progress(run.run_id, "train", 3, 9)
    assert lines(app) == ["learn under way since just now: train, 3 of 9"]
