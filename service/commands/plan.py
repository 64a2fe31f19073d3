"""`cyrano plan`."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click

from connectors.errors import ModelMissing
from connectors.job import write_job
from connectors.plan_job import PlanJob
from connectors.train_settings import TrainSettings
from service.config import find_home, load_settings
from service.recipes import change
from service.training import run_trainer

BATCH = click.IntRange(min=1)


@click.command()
@click.option("--model", default="", help="A folder, a config.json or a well-known name; the engine's if not given.")
@click.option("--gpu", default="", help='T4, L4, A10, RTX4090, A100-80, H100 …, or "24GiB"; else what is here.')
@click.option("--batch-size", type=BATCH, help="Examples that go through the model together.")
@click.option("--sequence", type=BATCH, help="Tokens of a row, prompt and reply together.")
@click.option(
    "--replies", "reply_share", type=click.FloatRange(0, 1, min_open=True), help="Share that is learned from."
)
@click.option("--method", type=click.Choice(["lora", "rosa", "full"]), help="What is trained.")
@click.option("--quantisation", type=click.Choice(["none", "int8", "nf4"]), help="How frozen weights are kept.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Another value of [train].")
@click.option("--matrix", "is_matrix", is_flag=True, help="Compare all methods and several batch sizes.")
@click.option("--trace", "is_traced", is_flag=True, help="Trace every layer instead of a few.")
@click.option("--textbook", "has_textbook", is_flag=True, help="Show the textbook's formula beside it.")
@click.option("--published", "has_published", is_flag=True, help="Show what others have measured beside it.")
@click.option("--json", "is_json", is_flag=True, help="Say it in JSON.")
def plan(sets: tuple[str, ...], *, is_json: bool, **wishes: Any) -> int:  # noqa: ANN401  as click gives them
    """Say how much memory a training run takes at its peak, part by part, and whether it fits.

    No weights are needed: the model's config.json is enough. The exit code is 1 when the run does not fit.
    """
    settings = load_settings(find_home(os.environ), os.environ)
    job = make_job(settings.engine.model, settings.train, sets, wishes)
    with tempfile.TemporaryDirectory(prefix="cyrano-plan-") as folder:
        write_job(Path(folder), job)
        result = run_trainer(Path(folder), "", lambda _: None)
    report = result.pop("report")
    click.echo(json.dumps(result, indent=2) if is_json else "\n".join(report))
    return 0 if result["is_fit"] else 1


def make_job(model: str, settings: TrainSettings, sets: tuple[str, ...], wishes: dict[str, Any]) -> PlanJob:
    """Return the job for what stands on the command line; what does not is as configured.

    Raises:
        ModelMissing: no model is named or configured.
        UsageError: there is no such setting, or no such value.
    """
    given = {name: value for name, value in wishes.items() if value}
    named = [f"{name}={given.pop(name)}" for name in ("method", "quantisation", "batch_size") if name in given]
    model = given.pop("model", model)
    if not model:
        raise ModelMissing("No model is named.", hint="cyrano plan --model Llama-3.2-1B, or set [engine] model.")
    if Path(model).exists():
        model = str(Path(model).resolve())
    return PlanJob(model=model, settings=change(settings, (*named, *sets)), **given)
