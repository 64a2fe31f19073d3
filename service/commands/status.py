"""`cyrano status` and `cyrano doctor`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click

from connectors.adapter import current_version
from service.app import App, open_app
from service.client import NOT_RUNNING, read_notices, read_readiness
from service.doctor import examine
from service.forget import retrain_note
from service.health import PartHealth
from service.refresh.runs import RunState

WELL = frozenset({RunState.LIVE, RunState.SKIPPED})
"""How a run ends of which nothing needs to be said."""


@click.command()
def doctor() -> int:
    """Check each part and say what to do."""
    is_well = True
    with open_app() as app:
        for finding in examine(app):
            is_well &= finding.is_well
            click.echo(f"{'✓' if finding.is_well else '✗'} {finding.part}: {finding.words}")
            if finding.hint:
                click.echo(f"    {finding.hint}")
    return 0 if is_well else 1


@click.command()
def status() -> int:
    """Say what is running and how it does."""
    with open_app() as app:
        http = app.settings.http
        parts = read_readiness(http.near_host, http.port)
        for part, words in (parts or {}).items():
            click.echo(f"{part}: {words}")
        if parts is None:
            click.echo(f"Cyrano is not running. {NOT_RUNNING}")
        for record in app.archive.accounts():
            click.echo(_account_line(app, record.name))
            for health in app.health.of(record.name):
                for line in _part_lines(health, datetime.now(UTC)):
                    click.echo(f"    {line}")
            for line in _run_lines(app, record.name, datetime.now(UTC)):
                click.echo(f"    {line}")
            if parts is not None:
                for notice in read_notices(http.near_host, http.port, app.local_token(record.name)):
                    click.echo(f"    {notice}")
            elif note := retrain_note(app.adapters_root, record.name, is_strict=app.settings.forget.strict):
                click.echo(f"    {note}")
    return 1 if parts is None else 0


def _account_line(app: App, name: str) -> str:
    counts = app.archive.count(name)
    version = current_version(app.adapters_root, name)
    adapter = f"adapter {name}@v{version}" if version else "no adapter yet: cyrano train"
    aside = f", {counts.quarantined} put aside" if counts.quarantined else ""
    return f"{name}: {counts.total} mails, {counts.kept} learned from{aside}, {adapter}"


def _part_lines(part: PartHealth, now: datetime) -> Iterator[str]:
    """Say how a part does: what it last did and when, what waits, what went wrong and what to do."""
    waiting = f", {part.waiting} waiting for a draft" if part.waiting else ""
    report = f": {part.report}" if part.report and not part.error else ""
    yield f"{part.part:<5} {part.state}, {_ago(part.tried_at, now)}{waiting}{report}"
    if part.error:
        went_well = f" It last went well {_ago(part.done_at, now)}." if part.done_at else ""
        yield f"      {part.error}{went_well}"
    if part.hint:
        yield f"      → {part.hint}"


def _run_lines(app: App, name: str, now: datetime) -> Iterator[str]:
    """Say what was last learned and how that ended, what is under way, and when it is next learned and why."""
    if last := app.runs.last_ended(name):
        yield f"learn {last.state.value}, {_ago(last.ended_at or last.changed_at, now)}: {last.reason}"
        if last.hint and last.state not in WELL:
            yield f"      → {last.hint}"
    if running := app.runs.newest(name, {RunState.RUNNING}):
        so_far = f", {running.done} of {running.total}" if running.total else ""
        yield f"learn under way since {_ago(running.started_at or running.asked_at, now)}: {running.stage}{so_far}"
        return
    decision = app.next_run(name)
    if not (decision.next_at or last or current_version(app.adapters_root, name)):
        return  # there is nothing to tell: the account's own line says how to begin
    planned = f"{decision.next_at.astimezone():%a %d %b %H:%M}" if decision.next_at else "no run"
    at = "now" if decision.is_due else planned
    yield f"next  {at}: {decision.why}"


def _ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was, roughly; where clocks differ a little it was just now."""
    past = max(now - then, timedelta())
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if count := past // unit:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"
