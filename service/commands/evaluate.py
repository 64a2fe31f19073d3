"""`cyrano evaluate`."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.adapter import current_version, list_cards, withdrawn_because
from connectors.errors import CyranoError, ModelMissing, UsageError
from connectors.evaluate_job import EvaluateJob
from connectors.evaluation import FILE, PAGE
from connectors.job import read_job, write_job
from service.app import App, open_app
from service.orders import of_home
from service.refresh.lease import TRAINING, TTL_S
from service.training import follow_run, runs_of

_NAME = re.compile(r"(?P<account>.+)@v(?P<version>[0-9]+)\Z")
INDENT = "    "
HELPS = "stop other programs, or lower [prompt] budget_tokens, and evaluate it again."
"""Where the trainer was killed while it measured."""


@click.command()
@click.option("--account", default="", help="Whose adapter to evaluate.")
@click.option(
    "--adapter", "name", default="", metavar="ana@v3", help="Which one; else the one that writes, or the newest."
)
@click.option(
    "--show", "shown", type=click.IntRange(min=0), default=0, help="Show so many mails with the drafts of each."
)
@click.option("--output", "-o", type=click.Path(file_okay=False, path_type=Path), help="A folder for the report.")
def evaluate(account: str, name: str, shown: int, output: Path | None) -> int:
    """Measure an adapter beside the base model and the adapter in service, on the newest mail, and judge it.

    Mail that it learned from does not count. The exit code is 1 when it would not be approved.
    """
    with open_app() as app:
        job = make_job(app, account, name, output=output.resolve() if output else None, shown=shown)
        result = _carry_out(app, job)
        why_not = withdrawn_because(app.adapters_root, job.account, job.version)
    for line in result["report"]:
        click.echo(line)
    for each in result["shown"]:
        click.echo("\n" + "\n".join(_mail(each)))
    if output:
        click.echo(f"{output} holds it: {FILE}, and {PAGE} to look at.")
    if result["is_approved"] and why_not:
        adapter = f"{job.account}@v{job.version}"
        click.echo(f"{adapter} is withdrawn ({why_not}). To have it write: cyrano rollback --to {adapter}")
    return 0 if result["is_approved"] else 1


def _carry_out(app: App, job: EvaluateJob) -> dict[str, Any]:
    """Have the trainer do it while nobody trains, with the engine out of its way where it must be."""
    with app.leases.hold(TRAINING, patience_s=TTL_S), _workplace(app, job.account) as folder:
        # What is shown is mail: it comes through a pipe, and no file holds it.
        write_job(folder, job)
        on_room = app.sharing.room_for(job.account, app.settings.refresh_of(job.account))
        return follow_run(folder, app.engine_key, on_room=on_room, helps=HELPS)


@contextmanager
def _workplace(app: App, account: str) -> Iterator[Path]:
    """Give a folder among the runs: whoever forgets mail, or removes the account, looks for what is left of it there.

    One that an evaluation left that was killed is deleted: whoever holds the lease is alone.
    """
    runs = app.home / "runs"
    for left in runs_of(runs, account):
        if _is_evaluation(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = runs / f"{account}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_evaluation(folder: Path) -> bool:
    try:
        return isinstance(read_job(folder), EvaluateJob)
    except CyranoError:
        return False


def make_job(app: App, account: str, name: str, *, output: Path | None, shown: int) -> EvaluateJob:
    """Return the order for what stands on the command line.

    Raises:
        UsageError: no such account or adapter is named, or there is none yet, or the report would lie among adapters.
        ModelMissing: no model is configured.
    """
    if not app.settings.engine.model:
        raise ModelMissing("No model is configured.", hint="Set [engine] model in cyrano.toml.")
    if output and output.is_relative_to(app.adapters_root.resolve()):
        hint = "An adapter keeps the evaluation that it was judged by. Choose another folder."
        raise UsageError(f"{output} lies among the adapters.", hint=hint)
    account, version = _which(app, account, name)
    return EvaluateJob(
        account=account,
        version=version,
        archive_url=app.archive_url,
        **of_home(app),
        output=output,
        shown=shown,
    )


def _which(app: App, account: str, name: str) -> tuple[str, int]:
    """Return account and version of the adapter that is meant."""
    if name:
        named = _NAME.match(name)
        if named is None or account not in {"", named["account"]}:
            hint = "Adapters are named like ana@v3; see: cyrano adapters"
            raise UsageError(f"{name} names no adapter{f' of {account}' if account else ''}.", hint=hint)
        return app.one_account(named["account"]).name, int(named["version"])
    account = app.one_account(account).name
    versions = [card.version for card in list_cards(app.adapters_root, account)]
    version = current_version(app.adapters_root, account) or max(versions, default=None)
    if version is None:
        raise UsageError(f"{account} has no adapter yet.", hint="Train one: cyrano train")
    return account, version


def _mail(each: Mapping[str, Any]) -> list[str]:
    lines = [f"Sent {each['sent_at'][:16].replace('T', ' ')}:", *_indented(each["sent"])]
    for arm, draft in each["drafts"].items():
        lines += [f"{arm}:", *_indented(draft or "(nothing)")]
    return lines


def _indented(text: str) -> list[str]:
    return [f"{INDENT}{line}" for line in text.splitlines()]
