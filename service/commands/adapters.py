"""`cyrano adapters` and `cyrano rollback`."""

import time
from pathlib import Path

import click

from connectors.adapter import (
    MERGED,
    AdapterCard,
    current_version,
    damaged,
    has_weights,
    list_cards,
    take,
    withdrawn_because,
)
from service.app import App, open_app
from service.client import is_up
from service.serving.rollback import BASE, roll_back

FLIPS_WITHIN_S = 60.0
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--account", "name", default="", help="Whose adapters to list.")
@click.option("--take", "taken", type=FOLDER, help="First take in an adapter that was trained on another machine.")
def adapters(name: str, taken: Path | None) -> None:
    """List an account's adapters and how they scored."""
    with open_app() as app:
        account = app.one_account(name).name
        if taken:
            take_in(app, taken, account)
        root = app.adapters_root
        current = current_version(root, account)
        cards = list_cards(root, account)
        for card in cards:
            mark = "*" if card.version == current else " "
            mails = f"{card.data.get('mails', '?')} mails"
            click.echo(f"{mark} {card.name}  {card.created_at[:16]}  {mails}  {card.verdict}{_aside(root, card)}")
        for version, said in damaged(root, account).items():
            click.echo(f"  {account}@v{version}  broken: {said}")
    if not cards:
        click.echo(f"{account} has no adapter yet: cyrano train")


@click.command()
@click.option("--account", "name", default="", help="Whose adapter.")
@click.option(
    "--to", default="", metavar="ADAPTER", help=f'An adapter ("ana@v3"), or "{BASE}" for the model without one.'
)
def rollback(name: str, to: str) -> None:
    """Put an earlier adapter back into service; without --to, the one before the one that writes now.

    The newer ones stay out of service, but on disk: name one to go forward again.
    """
    with open_app() as app:
        account = app.one_account(name).name
        chosen = roll_back(app.adapters_root, account, to or None, why_not=app.adapters.why_not)
        writer = chosen.name if chosen else "the base model"
        click.echo(f"{writer} is to write for {account}; what is newer is withdrawn.")
        if not is_up(app.settings.http.near_host, app.settings.http.port):
            click.echo("It takes effect when the service starts: cyrano up")
            return
        wanted = chosen.version if chosen else None
        click.echo(f"{writer} writes the drafts now." if _flips(app, account, wanted) else _NOT_YET)


_NOT_YET = "It does not write yet; cyrano status says why."


def take_in(app: App, folder: Path, account: str) -> AdapterCard:
    """Publish a copy of an adapter that was trained from a carried folder."""
    known = [mail.email.message_id for mail in app.archive.mails(account)]
    card = take(app.adapters_root, folder, account, app.settings.engine.model, known=known)
    click.echo(f"{folder} is {card.name} now.")
    if why := withdrawn_because(app.adapters_root, account, card.version):
        click.echo(f"It does not write yet: {why}. Judge it here: cyrano evaluate --adapter {card.name}")
    return card


def _flips(app: App, account: str, version: int | None) -> bool:
    """Wait until the running service drafts with a version; tell whether it does."""
    end = time.monotonic() + FLIPS_WITHIN_S
    while current_version(app.adapters_root, account) != version:
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _aside(root: Path, card: AdapterCard) -> str:
    """Say what else is to be known of an adapter."""
    said = []
    if why := withdrawn_because(root, card.account, card.version):
        said.append(f"withdrawn: {why}")
    if not has_weights(root, card):
        said.append("history: its weights were deleted")
    elif card.serving == MERGED:
        said.append("needs merged serving")
    return f" ({'; '.join(said)})" if said else ""
