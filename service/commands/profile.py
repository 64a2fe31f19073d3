"""`cyrano profile`."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors.errors import CyranoError, ModelMissing, UsageError
from connectors.job import TINY as MADE_TINY
from connectors.job import read_job, write_job
from connectors.profile_job import BUILT_IN, ProfileJob, Synthetic
from connectors.train_settings import TrainSettings
from service import recipes
from service.app import App, open_app
from service.training import RESULT, follow_run

FOLDER = click.Path(file_okay=False, path_type=Path)

TINY: dict[str, Any] = {
    "model": MADE_TINY,
    "synthetic": Synthetic(tokens=64, examples=32),
    "matrices": (BUILT_IN["2x2x2"],),
    "steps": 2,
    "warmup_steps": 1,
    "generation_tokens": 16,
    "quality_steps": 4,
}
"""What `--tiny` without a recipe measures."""


@click.command()
@click.option("--model", default="", help="The model's folder, or its name; the engine's if not given.")
@click.option("--random", "is_random", is_flag=True, help="Made-up weights: the model's config.json is enough.")
@click.option("--data", type=click.Path(path_type=Path), help="Learn from a folder of documents, or an Alpaca JSON.")
@click.option("--from", "carried", type=FOLDER, help="Learn from mail that cyrano train --stop-after left.")
@click.option("--matrix", "matrices", multiple=True, type=click.Choice(list(BUILT_IN)), help="What is compared.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps of each cell that are timed.")
@click.option("--memory", "memory_gib", type=click.FloatRange(min=0, min_open=True), help="GiB a cell may take.")
@click.option("--recipe", default="", help="Compare as a recipe says; trainer/recipes/README.md describes them.")
@click.option("--tiny", "is_tiny", is_flag=True, help="A small model and small data: minutes on any machine.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A value of [train] that all cells share.")
@click.option("--output", "-o", type=FOLDER, help="Where the report goes.")
def profile(
    recipe: str,
    carried: Path | None,
    data: Path | None,
    sets: tuple[str, ...],
    *,
    is_tiny: bool,
    **wishes: Any,  # noqa: ANN401  as click gives them
) -> None:
    """Compare ways to train by memory, time and what is learned, in one report.

    Each cell runs in a process of its own. A profile that was interrupted goes on where it stopped.
    """
    with open_app() as app:
        _refuse_two(data, carried)
        order = _plain(app, is_tiny=is_tiny)
        order = order.model_copy(update={"carried": carried.resolve() if carried else None})
        if recipe:
            found = recipes.read_recipe(recipe, is_tiny=is_tiny)
            order = recipes.profile_job(found, order, sets=sets, data=data, wishes=_wished(wishes))
        else:
            corpus = recipes.corpus_at(data) if data else None
            settings = recipes.change(order.settings, sets)
            order = order.model_copy(update={"corpus": corpus, "settings": settings, **_wished(wishes)})
        if not order.model:
            raise ModelMissing("No model is named.", hint="cyrano profile --model FOLDER, or set [engine] model.")
        result = follow_run(plan_profile(app.home / "profiles", order, datetime.now(UTC)), app.engine_key)
    for line in result["report"]:
        click.echo(line)


def plan_profile(profiles: Path, order: ProfileJob, now: datetime) -> Path:
    """Return the folder of an unfinished profile of the same order, else write the order into a new one."""
    for folder in sorted(profiles.glob("*"), reverse=True):
        if not (folder / RESULT).exists() and _is_same(folder, order):
            return folder
    folder = profiles / f"{now:%Y%m%d-%H%M%S}"
    write_job(folder, order)
    return folder


def _is_same(folder: Path, order: ProfileJob) -> bool:
    """Tell whether a profile had the same order, however that was put."""
    try:
        known = read_job(folder)
    except CyranoError:
        return False
    return isinstance(known, ProfileJob) and known == order.model_copy(update={"command": known.command})


def _plain(app: App, *, is_tiny: bool) -> ProfileJob:
    settings = app.settings
    order = ProfileJob(
        model=settings.engine.model,
        settings=TrainSettings() if is_tiny else settings.train,
        prompt_budget=settings.prompt.budget_tokens,
        embedder=settings.embedder.model_dump(mode="json"),
        retrieval=settings.retrieval.model_dump(mode="json"),
        command=shlex.join(["cyrano", *sys.argv[1:]]),
    )
    return order.model_copy(update=TINY) if is_tiny else order


def _refuse_two(data: Path | None, carried: Path | None) -> None:
    if data and carried:
        raise UsageError("--data and --from name two things to learn from.", hint="Leave out one of them.")


def _wished(wishes: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the order that stand on the command line."""
    given = {name: value for name, value in wishes.items() if value}
    if "matrices" in given:
        given["matrices"] = tuple(BUILT_IN[name] for name in given["matrices"])
    if "output" in given:
        given["output"] = given["output"].resolve()
    if "model" in given and Path(given["model"]).exists():
        given["model"] = str(Path(given["model"]).resolve())
    return given
