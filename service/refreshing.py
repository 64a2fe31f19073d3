"""The part of the composition root that joins a refresh, its clock, and who may run: see `service.app`."""

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.adapter import MERGED, AdapterCard, collect, remember_versions
from connectors.base_model import revision
from connectors.errors import CyranoError, EngineDown
from service.crew import ASK_AGAIN_S
from service.health import REFUSED, Health
from service.orders import order_refresh
from service.refresh.clock import Clock
from service.refresh.facts import Looker
from service.refresh.lease import LeaseLost
from service.refresh.refresh import FLIP_WITHIN_S, Refresher, Work
from service.refresh.reporter import Reporter
from service.refresh.runs import RunGone, Stage
from service.refresh.sweep import interrupt_left
from service.removal import made_for
from service.serving.fitness import Fitness
from service.training import run_trainer
from service.turns import Stopped, note_sync

if TYPE_CHECKING:
    from service.app import App

logger = logging.getLogger(__name__)

ENGINE_POLL_S = 0.5
BREAKS = (Stopped, LeaseLost, RunGone)
"""What breaks a run off; the mailbox has nothing to do with it."""


def join_refresher(
    app: "App",
    stop: threading.Event | None = None,
    *,
    help_flip: Callable[[], object] = lambda: None,
    flip_within_s: float | None = None,
) -> Refresher:
    """Return what refreshes the accounts of a home.

    Args:
        app: The home.
        stop: Breaks a run off when it is set.
        help_flip: Flips where no service does.
        flip_within_s: How long an approved adapter may take to be in service; None for as long as the engine may take
            to start twice, as it does where weights are merged and do not come up.
    """
    stop = stop or threading.Event()
    if flip_within_s is None:
        flip_within_s = max(FLIP_WITHIN_S, 2 * app.settings.engine.start_timeout_s)
    looker = Looker(app.archive.engine, app.runs, app.adapters_root, why_unfit=_fitness(app).why_not)
    work = Work(
        look=looker.look,
        stock=looker.stock,
        settings=app.settings.refresh_of,
        sync=partial(_sync, app),
        order=partial(order_refresh, app),
        train=partial(_train, app, stop),
        is_account=lambda account: account in app.account_names(),
        forget=partial(_forget, app),
        collect=partial(_collect, app),
        why_not=partial(_why_not, app),
        help_flip=help_flip,
        tell=app.notifier.tell,
    )
    return Refresher(
        work, app.runs, app.leases,
        folder=app.home / "runs", adapters=app.adapters_root, stop=stop, flip_within_s=flip_within_s,
    )  # fmt: skip


def join_clock(app: "App", stop: threading.Event) -> Clock:
    """Return what begins refreshes by the clock."""
    return Clock(
        app.archive.engine,
        app.leases,
        accounts=app.account_names,
        asked=lambda: [run.account for run in app.runs.asked()],
        turn=join_refresher(app, stop).turn,
        every=lambda account: timedelta(minutes=app.settings.refresh_of(account).look_every_minutes),
        tidy=partial(interrupt_left, app.runs, app.leases),
    )


def _fitness(app: "App") -> Fitness:
    """Return what an adapter must be made for, however it is served: training again mends nothing else."""
    model = app.settings.engine.model
    return Fitness(base_model=model, revision=partial(revision, model), serving=MERGED)


def _sync(app: "App", account: str, reporter: Reporter) -> None:
    if is_refused(app.health, account, datetime.now(UTC)):
        logger.warning("%s is not synced: its credentials were refused", account)
        return

    def start_bar(_title: str) -> Callable[[int, int | None], None]:
        def show(done: int, total: int | None) -> None:
            reporter.check()
            reporter.enter(Stage.SYNC, done, total or 0)

        return show

    [done] = app.ingest([app.archive.account(account)], start_bar)
    if not isinstance(done.error, BREAKS):
        note_sync(app.health, account, report=str(done.report or ""), error=done.error)
    if done.error is not None:
        raise done.error


def is_refused(health: Health, account: str, now: datetime) -> bool:
    """Tell whether an account's credentials were refused lately: servers lock accounts for trying, and its syncs do."""
    tried = [part.tried_at for part in health.of(account) if part.state == REFUSED]
    return any(now - at < timedelta(seconds=ASK_AGAIN_S) for at in tried)


def _train(app: "App", stop: threading.Event, folder: Path, account: str, reporter: Reporter) -> Mapping[str, Any]:
    _wait_for_engine(app, stop, reporter.check)
    on_room = app.sharing.room_for(account, app.settings.refresh_of(account), check=reporter.check)
    return run_trainer(folder, app.engine_key, reporter.follow, on_room=on_room, check=reporter.check)


def _wait_for_engine(app: "App", stop: threading.Event, check: Callable[[], None]) -> None:
    """Wait until the engine answers: it writes instructions.

    Raises:
        EngineDown: it does not.
    """
    within_s = app.settings.engine.start_timeout_s
    for _ in range(round(within_s / ENGINE_POLL_S)):
        if app.model_server.is_ready():
            return
        check()
        stop.wait(ENGINE_POLL_S)
    hint = "logs/engine.log says why. The next run goes on where it stopped."
    raise EngineDown(f"The model server did not answer within {within_s:.0f} s.", hint=hint)


def _forget(app: "App", account: str) -> None:
    """Delete what a run made for an account that was removed while it was under way."""
    with suppress(CyranoError):
        remember_versions(app.adapters_root, account)
        app.retriever.forget(account)
    for folder in made_for(app.home, app.adapters_root, account):
        shutil.rmtree(folder, ignore_errors=True)


def _collect(app: "App", account: str) -> None:
    keep = app.settings.refresh_of(account).keep
    collect(app.adapters_root, account, keep=keep, serving=app.adapters.loaded(account))


def _why_not(app: "App", card: AdapterCard) -> str:
    return app.adapters.why_not(card) or app.adapters.problems.get(card.name, "")
