"""`cyrano train --now`: a refresh, carried out by the service that runs, or here where none does."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import click

from connectors.errors import CyranoError, EngineDown, StoreBusy, StoreError, UsageError
from service.app import App
from service.progress import progress_bars
from service.refresh.following import ASK_EVERY, POLL_S, follow
from service.refresh.lease import CLOCK, TTL_S, LeaseTaken
from service.refresh.runs import GONE, RunRecord, RunState
from service.refresh.sweep import interrupt_left
from service.refreshing import join_refresher

BAD = frozenset({RunState.FAILED, RunState.INTERRUPTED})
WORDS = {
    RunState.LIVE: "{adapter} writes the drafts now: {reason}",
    RunState.WAITING: "{reason}",
    RunState.REJECTED: "{adapter} does not write, the one before goes on: {reason}",
    RunState.SKIPPED: "Nothing was trained: {reason}",
}


def refresh_now(app: App, name: str) -> int:
    """Have an account refreshed, and say how it ended; return the exit code."""
    account = app.one_account(name).name
    interrupt_left(app.runs, app.leases)  # what a killed process left is no run under way
    run = _by_the_service(app, account) if app.leases.is_held(CLOCK) else _here(app, account)
    for line in describe(run):
        click.echo(line)
    return 1 if run.state in BAD else 0


def describe(run: RunRecord) -> list[str]:
    """Say how a run ended, and what to do."""
    said = WORDS.get(run.state, "The run {state}: {reason}").format(
        adapter=run.adapter, reason=run.reason, state=run.state.value
    )
    return [said, *([f"  {run.hint}"] if run.hint else [])]


def _by_the_service(app: App, account: str) -> RunRecord:
    try:
        ask = partial(app.runs.ask, account)
        return _followed(app, ask(), ask, is_kept=partial(app.leases.is_held, CLOCK))
    except KeyboardInterrupt:
        click.echo("The run goes on; cyrano status says how far it is.", err=True)
        raise


def _followed(
    app: App,
    asked: RunRecord,
    again: Callable[[], RunRecord],
    *,
    is_kept: Callable[[], bool],
    ask_every: int = ASK_EVERY,
) -> RunRecord:
    """Follow a run that was asked for to its end."""
    with progress_bars() as start_bar:
        run = follow(app.runs, asked, start_bar, is_kept=is_kept, ask_every=ask_every)
        if _is_gone(run):
            # It was under way in a process that was killed where nobody could see it: what goes on is the next one.
            run = follow(app.runs, again(), start_bar, is_kept=is_kept, ask_every=ask_every)
    return run


def _is_gone(run: RunRecord) -> bool:
    return run.state is RunState.INTERRUPTED and run.reason == GONE


def _here(app: App, account: str) -> RunRecord:
    """Carry it out in this process, with an engine that is started for it if none runs."""
    try:
        with app.hold(), app.some_engine():
            app.join()
            return _carried_out(app, account)
    except LeaseTaken:
        raise
    except StoreBusy as error:
        hint = "Stop what runs there, or start it with its clock: cyrano up, or cyrano schedule beside it."
        raise UsageError(f"No clock runs that could begin it. {error}", hint=hint) from error


def _carried_out(app: App, account: str) -> RunRecord:
    stop, failed = threading.Event(), list[CyranoError]()
    is_first = app.runs.newest(account, {RunState.ASKED}) is None
    asked = app.runs.ask(account)
    refresher = join_refresher(app, stop, help_flip=app.adapters.refresh)

    def work() -> None:
        try:
            refresher.refresh(account, patience_s=TTL_S, is_asked=True)
        except CyranoError as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="refresh")

    def next_one() -> RunRecord:
        """Return the run that the refresh takes up in place of one that nobody carries out; not asking for another."""
        while (run := app.runs.newest(account) or asked) and _is_gone(run) and thread.is_alive():
            stop.wait(POLL_S)
        return run

    thread.start()
    try:
        return _followed(app, asked, next_one, is_kept=thread.is_alive, ask_every=1)
    except EngineDown as error:
        raise (failed[0] if failed else error) from error
    finally:
        stop.set()
        thread.join()
        if is_first:  # what never began is not to begin behind anybody's back, the next time a service runs
            with suppress(StoreError):
                app.runs.withdraw(account)
