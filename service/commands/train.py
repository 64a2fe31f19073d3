"""`cyrano train` and `cyrano adapters`."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.adapter import current_version, list_cards
from connectors.errors import ConfigError, ModelMissing
from connectors.job import Stop, TrainJob, too_few_mails
from service.app import App, open_app
from service.client import is_up
from service.progress import OnProgress, progress_bars
from service.training import Stage, plan_run, run_trainer

GOES_LIVE_WITHIN_S = 60.0


@click.command()
@click.option("--account", "name", default="", help="Whose mail to learn from.")
@click.option(
    "--stop-after",
    type=click.Choice(["clean", "playback", "examples"]),
    help="Stop when the mail is chosen, has its instructions, or has become examples; train nothing.",
)
def train(name: str, stop_after: Stop | None) -> None:
    """Train an adapter on an account's mail. A run that was interrupted goes on where it stopped."""
    with open_app() as app:
        account = app.one_account(name).name
        _check(app, account)
        with app.some_engine() as engine_url:
            order = _order(app, account, engine_url, stop_after=stop_after)
            folder = plan_run(app.home / "runs", order, datetime.now(UTC))
            result = _run(folder, app.engine_key)
        for line in result["report"]:
            click.echo(line)
        if version := result.get("version"):
            _wait_until_live(app, account, version)


def _check(app: App, account: str) -> None:
    """Look for what would stop the run, before an engine is started for it and hours have gone into it."""
    engine, wanted = app.settings.engine, app.settings.train
    if not engine.model:
        raise ModelMissing("No model is configured.", hint="Set [engine] model in cyrano.toml.")
    if not engine.url and wanted.rank > engine.max_lora_rank:
        message = f"[train] rank is {wanted.rank}, but the engine loads adapters up to {engine.max_lora_rank}."
        raise ConfigError(message, hint="Raise [engine] max_lora_rank to it, and start the engine anew.")
    counts = app.archive.count(account)
    if counts.kept < wanted.min_mails:
        raise too_few_mails(account, usable=counts.kept, total=counts.total, needed=wanted.min_mails)


def _order(app: App, account: str, engine_url: str, *, stop_after: Stop | None) -> TrainJob:
    settings = app.settings
    return TrainJob(
        run="",
        account=account,
        home=app.home,
        archive_url=app.archive_url,
        engine_url=engine_url,
        engine_model=app.base_name,
        model=settings.engine.model,
        prompt_budget=settings.prompt.budget_tokens,
        settings=settings.train,
        embedder=settings.embedder.model_dump(mode="json"),
        retrieval=settings.retrieval.model_dump(mode="json"),
        adapters=app.adapters_root,
        stop_after=stop_after,
    )


def _run(folder: Path, engine_key: str) -> dict[str, Any]:
    with progress_bars() as start_bar:
        bars: dict[str, OnProgress] = {}

        def show(stage: Stage) -> None:
            if stage.name not in bars:
                bars[stage.name] = start_bar(stage.name)
            bars[stage.name](stage.done, stage.total)

        return run_trainer(folder, engine_key, show)


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
