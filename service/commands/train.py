"""`cyrano train` and `cyrano adapters`."""

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.adapter import current_version, list_cards
from connectors.errors import ModelMissing
from connectors.job import TrainJob
from service.app import App, open_app
from service.engine.record import read_record
from service.progress import OnProgress, progress_bars
from service.training import Stage, plan_run, run_trainer

GOES_LIVE_WITHIN_S = 60.0


@click.command()
@click.option("--account", "name", default="", help="Whose mail to learn from.")
@click.option("--dry-run", is_flag=True, help="Make the examples and tell what would be trained; train nothing.")
def train(name: str, *, dry_run: bool) -> None:
    """Train an adapter on an account's mail. A run that was interrupted goes on where it stopped."""
    with open_app() as app, ExitStack() as stack:
        account = app.one_account(name).name
        engine_url = stack.enter_context(app.some_engine())
        folder = plan_run(app.home / "runs", _order(app, account, engine_url, dry_run=dry_run), datetime.now(UTC))
        result = _run(folder, app.engine_key)
        for line in result["report"]:
            click.echo(line)
        if version := result.get("version"):
            _wait_until_live(app, account, version)


def _order(app: App, account: str, engine_url: str | None, *, dry_run: bool) -> TrainJob:
    settings = app.settings
    if not settings.engine.model:
        raise ModelMissing("No model is configured.", hint="Set [engine] model in cyrano.toml.")
    return TrainJob(
        run="",
        account=account,
        home=app.home,
        archive_url=app.archive_url,
        engine_url=engine_url,
        model=settings.engine.model,
        prompt_budget=settings.prompt.budget_tokens,
        settings=settings.train,
        embedder=settings.embedder.model_dump(mode="json"),
        retrieval=settings.retrieval.model_dump(mode="json"),
        adapters=app.adapters_root,
        dry_run=dry_run,
    )


def _run(folder: Path, engine_key: str) -> dict[str, Any]:
    with progress_bars() as start_bar:
        bars: dict[str, OnProgress] = {}

        def show(stage: Stage) -> None:
            bars.setdefault(stage.name, start_bar(stage.name))(stage.done, stage.total)

        return run_trainer(folder, engine_key, show)


def _wait_until_live(app: App, account: str, version: int) -> None:
    """Where a service is running, wait until it drafts with the new adapter."""
    if read_record(app.home) is None:
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
def adapters(name: str) -> None:
    """List an account's adapters and how they scored."""
    with open_app() as app:
        account = app.one_account(name).name
        current = current_version(app.adapters_root, account)
        cards = list_cards(app.adapters_root, account)
    for card in cards:
        mark = "*" if card.version == current else " "
        click.echo(f"{mark} {card.name}  {card.created_at[:16]}  {card.data.get('mails', '?')} mails  {card.verdict}")
    if not cards:
        click.echo(f"{account} has no adapter yet: cyrano train")
