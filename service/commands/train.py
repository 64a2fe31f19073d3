"""`cyrano train`."""

import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.adapter import current_version, is_withdrawn, list_cards
from connectors.errors import UsageError
from connectors.job import TrainJob
from service.app import App, open_app
from service.client import is_up
from service.commands.adapters import take_in
from service.commands.refreshing import refresh_now
from service.orders import Wish, needs_engine, order_run
from service.refresh.lease import TRAINING, TTL_S
from service.training import follow_run, plan_run

GOES_LIVE_WITHIN_S = 60.0
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--account", default="", help="Whose mail to learn from.")
@click.option("--recipe", default="", help="Train as a recipe says; trainer/recipes/README.md describes them.")
@click.option("--tiny", "is_tiny", is_flag=True, help="The recipe's small form: a small model, small data, a minute.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A value of [train], for this run only.")
@click.option(
    "--stop-after",
    type=click.Choice(["clean", "playback", "examples"]),
    help="Stop when the mail is chosen, has its instructions, or has become examples; train nothing.",
)
@click.option("--from", "carried", type=FOLDER, help="Learn from a folder that --stop-after left, here or elsewhere.")
@click.option("--data", type=click.Path(path_type=Path), help="Learn from a folder of documents, or an Alpaca JSON.")
@click.option("--output", "-o", type=FOLDER, help="Where the data of a stopped run goes, or the adapter.")
@click.option("--now", "is_now", is_flag=True, help="What the clock does: sync, train, judge and put into service.")
def train(*, is_now: bool, **wishes: Any) -> int:  # noqa: ANN401  as click gives them
    """Train an adapter on an account's mail. A run that was interrupted goes on where it stopped."""
    wish = Wish(**wishes)
    with open_app() as app:
        if is_now:
            if wish != Wish(account=wish.account):
                hint = "Leave the other options out, or --now."
                raise UsageError("--now trains as the configuration says, on the mail there is.", hint=hint)
            return refresh_now(app, wish.account)
        _train(app, wish)
    return 0


def _train(app: App, wish: Wish) -> None:
    order = order_run(app, wish)
    with _alone(app, order), app.some_engine() if needs_engine(order) else nullcontext() as engine_url:
        order = order.model_copy(update={"engine_url": engine_url})
        folder = plan_run(app.home / "runs", order, datetime.now(UTC))
        on_room = app.sharing.room_for(order.account, app.settings.refresh_of(order.account))
        result = follow_run(folder, app.engine_key, on_room=on_room)
    for line in result["report"]:
        click.echo(line)
    version = result.get("version")
    if order.carried and result.get("output") and not order.output and order.account in app.account_names():
        card = take_in(app, Path(result["output"]), order.account)
        shutil.rmtree(result["output"])
        is_to_write = card.is_approved and not is_withdrawn(app.adapters_root, card.account, card.version)
        version = card.version if is_to_write else None
    if version:
        _wait_until_live(app, order.account, version)


def _alone(app: App, order: TrainJob) -> AbstractContextManager[object]:
    """Let nobody else train on this home's mail at the same time; what only prepares data disturbs nobody."""
    is_light = order.stop_after is not None or order.corpus is not None
    return nullcontext() if is_light else app.leases.hold(TRAINING, patience_s=TTL_S)


def _wait_until_live(app: App, account: str, version: int) -> None:
    """Where a service is running, wait until it drafts with the new adapter."""
    card = next(card for card in list_cards(app.adapters_root, account) if card.version == version)
    if why := app.adapters.why_not(card):
        click.echo(f"{card.name} does not write yet. {why}")
        return
    if not is_up(app.settings.http.near_host, app.settings.http.port):
        click.echo(f"{account}@v{version} goes live when the service starts: cyrano up")
        return
    end = time.monotonic() + GOES_LIVE_WITHIN_S
    while time.monotonic() < end:
        if current_version(app.adapters_root, account) == version:
            click.echo(f"{account}@v{version} writes the drafts now.")
            return
        time.sleep(0.2)
    click.echo(f"{account}@v{version} is not live yet; cyrano status says why.")
