"""`cyrano train` and `cyrano adapters`."""

import shutil
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.adapter import LORA, AdapterCard, current_version, list_cards, take
from service.app import App, open_app
from service.client import is_up
from service.orders import Wish, needs_engine, order_run
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
def train(**wishes: Any) -> None:  # noqa: ANN401  as click gives them
    """Train an adapter on an account's mail. A run that was interrupted goes on where it stopped."""
    with open_app() as app:
        order = order_run(app, Wish(**wishes))
        with app.some_engine() if needs_engine(order) else nullcontext() as engine_url:
            order = order.model_copy(update={"engine_url": engine_url})
            result = follow_run(plan_run(app.home / "runs", order, datetime.now(UTC)), app.engine_key)
        for line in result["report"]:
            click.echo(line)
        version = result.get("version")
        if order.carried and result.get("output") and not order.output and order.account in app.account_names():
            card = _take(app, Path(result["output"]), order.account)
            shutil.rmtree(result["output"])
            version = card.version if card.is_approved and card.serving == LORA else None
        if version:
            _wait_until_live(app, order.account, version)


def _take(app: App, folder: Path, account: str) -> AdapterCard:
    """Publish a copy of an adapter that was trained from a carried folder."""
    known = [mail.email.message_id for mail in app.archive.mails(account)]
    card = take(app.adapters_root, folder, account, app.settings.engine.model, known=known)
    click.echo(f"{folder} is {card.name} now.")
    return card


def _wait_until_live(app: App, account: str, version: int) -> None:
    """Where a service is running, wait until it drafts with the new adapter."""
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


@click.command()
@click.option("--account", "name", default="", help="Whose adapters to list.")
@click.option("--take", "taken", type=FOLDER, help="First take in an adapter that was trained on another machine.")
def adapters(name: str, taken: Path | None) -> None:
    """List an account's adapters and how they scored."""
    with open_app() as app:
        account = app.one_account(name).name
        if taken:
            _take(app, taken, account)
        current = current_version(app.adapters_root, account)
        cards = list_cards(app.adapters_root, account)
    for card in cards:
        mark = "*" if card.version == current else " "
        click.echo(f"{mark} {card.name}  {card.created_at[:16]}  {card.data.get('mails', '?')} mails  {card.verdict}")
    if not cards:
        click.echo(f"{account} has no adapter yet: cyrano train")
