"""Running Cyrano's parts in one process until it is told to stop.

`cyrano up` runs them all; `engine`, `serve`, `watch` and `schedule` run one each.

Rules:
1. The port is taken before the engine starts: that another program has it is told at once, not minutes later.
2. However it ends, all are told to stop first, and each is waited for before what it uses is closed.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from enum import Flag, auto
from functools import partial

import click

from service.app import App
from service.disk import need_space
from service.engine.keeper import EngineKeeper, EngineState
from service.engine.rest import clear_left_behind
from service.http import listen
from service.progress import waiting
from service.refresh.sweep import sweep
from service.refreshing import join_clock
from service.schedule import scheduled
from service.web import create_app
from service.web.joining import join_parts

ADAPTERS_EVERY_S = 2.0
LOOK_EVERY_S = 0.5
JOIN_S = 15.0
"""How long a thread may take to stop; one that takes longer, such as a load of a model, dies with the process."""


class Role(Flag):
    """A part that runs."""

    ENGINE = auto()
    SERVE = auto()
    WATCH = auto()
    SCHEDULE = auto()
    ALL = ENGINE | SERVE | WATCH | SCHEDULE


def run(app: App, role: Role) -> None:
    """Run the parts until SIGINT or SIGTERM.

    Raises:
        StoreBusy: another process holds the embedded stores.
        UsageError: the port is taken.
        EngineError: the engine cannot start.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        try:
            engine = _enter_parts(stack, app, role, stop)
            _start(app, role, engine, stop)
            _wait(engine, stop)
        finally:
            stop.set()


def _enter_parts(stack: ExitStack, app: App, role: Role, stop: threading.Event) -> EngineKeeper | None:
    """Start the parts of a role; return the keeper of the engine where it is among them."""
    if role is not Role.ENGINE:
        stack.enter_context(app.hold())
        need_space(app.home)
        clear_left_behind(app.home)
        app.join()
    if Role.SERVE in role:
        app.ledger.fail_abandoned(before=datetime.now(UTC))
        stack.enter_context(_web(app))
    engine = stack.enter_context(app.engine_keeper()) if Role.ENGINE in role else None
    if role & (Role.SERVE | Role.WATCH):
        stack.enter_context(_thread("warm", app.warm))
        stack.enter_context(_thread("adapters", partial(app.adapters.watch, ADAPTERS_EVERY_S, stop)))
    if Role.SCHEDULE in role:
        stack.enter_context(scheduled(app.account_names, app.sync_turns(stop).take))
        sweep(app.runs, app.leases, app.adapters_root)
        stack.enter_context(_thread("clock", partial(join_clock(app, stop).run, stop)))
    if Role.WATCH in role:
        stack.enter_context(_thread("crew", partial(app.crew().run, stop)))
    return engine


def _start(app: App, role: Role, engine: EngineKeeper | None, stop: threading.Event) -> None:
    """Wait until the engine answers, then say where Cyrano is."""
    if engine is not None:
        with waiting("The engine is starting") as on_wait:

            def show(waited_s: float) -> None:
                on_wait(waited_s)
                if stop.is_set():
                    raise click.Abort

            engine.wait_ready(app.settings.engine.start_timeout_s, show)
    click.echo("Cyrano is up. Ctrl-C stops it.")
    if Role.SERVE in role:
        for record in app.archive.accounts():
            token = app.local_token(record.name)
            # A service manager keeps what is said in a log, and a token has no business there.
            link = f"/#token={token}" if sys.stdout.isatty() else ""
            click.echo(f"  {record.name}  {app.settings.http.url}{link}")


def _wait(engine: EngineKeeper | None, stop: threading.Event) -> None:
    """Wait for the end; an engine that cannot be kept ends it too."""
    while not stop.wait(LOOK_EVERY_S):
        if engine is not None and engine.state is EngineState.FAILED and engine.error is not None:
            raise engine.error


@contextmanager
def _web(app: App) -> Iterator[None]:
    server = listen(create_app(join_parts(app), app.settings.http), app.settings.http)
    with _thread("web", server.run):
        try:
            yield
        finally:
            server.close()


@contextmanager
def _thread(name: str, work: Callable[[], None]) -> Iterator[None]:
    """Run work in a thread for the block, and wait for its end; it must have been told to stop by then."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=JOIN_S)
