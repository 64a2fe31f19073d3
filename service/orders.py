"""What a person asks of the trainer, made into the order of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.carried import carried_account, is_played_back
from connectors.errors import ConfigError, ModelMissing, UsageError
from connectors.job import Stop, TrainJob, too_few_mails
from service import recipes

if TYPE_CHECKING:
    from service.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What stands on the command line of `cyrano train`."""

    account: str = ""
    stop_after: Stop | None = None
    output: Path | None = None
    carried: Path | None = None
    data: Path | None = None
    recipe: str = ""
    is_tiny: bool = False
    sets: Sequence[str] = ()


def order_run(app: "App", wish: Wish) -> TrainJob:
    """Return the order, after a look for what would stop the run when hours have gone into it.

    Raises:
        UsageError: the wish contradicts itself, or names what is not there.
        ModelMissing: no model is configured.
        TooFewMails: the account has too little mail.
    """
    _check_wish(wish)
    order = _plain(app, wish)
    if wish.recipe:
        recipe = recipes.read_recipe(wish.recipe, is_tiny=wish.is_tiny)
        _check_recipe(wish, recipe)
        order = recipes.train_job(recipe, order, sets=wish.sets, data=wish.data)
        if app.settings.engine.model and recipe.data == "mail" and not recipe.is_tiny and not _names_model(wish.sets):
            # An adapter is of use only to the model that the engine serves.
            order = order.model_copy(update={"model": app.settings.engine.model})
    elif wish.sets:
        order = order.model_copy(update={"settings": recipes.change(order.settings, wish.sets)})
    if not order.account:
        order = order.model_copy(update={"account": app.one_account("").name})
    if order.corpus or wish.is_tiny:
        return order
    _check_engine(app, order)
    if order.carried is None:
        _check_mail(app, order)
    return order


def order_refresh(app: "App", account: str) -> TrainJob:
    """Return the order of a refresh: what `cyrano train` would do, with the engine that runs.

    Raises:
        ModelMissing: no model is configured.
        TooFewMails: the account has too little mail.
    """
    return order_run(app, Wish(account=account)).model_copy(update={"engine_url": app.model_server.url})


def needs_engine(order: TrainJob) -> bool:
    """Tell whether a run asks the engine for instructions: only mail has any, and only when it goes beyond cleaning."""
    if order.corpus is not None or order.stop_after == "clean":
        return False
    return order.carried is None or not is_played_back(order.carried)


def _plain(app: "App", wish: Wish) -> TrainJob:
    account = wish.account
    if wish.carried and not account:
        account = carried_account(wish.carried)
    elif account and not wish.carried:
        account = app.one_account(account).name
    return TrainJob(
        run="",
        account=account or (wish.data.resolve().stem if wish.data else ""),
        archive_url="" if wish.carried or wish.data else app.archive_url,
        carried=wish.carried.resolve() if wish.carried else None,
        corpus=recipes.corpus_at(wish.data) if wish.data else None,
        **of_home(app),
        stop_after=wish.stop_after,
        output=wish.output.resolve() if wish.output else None,
    )


def of_home(app: "App") -> dict[str, Any]:
    """Return what every order on mail tells of a home, but for whose mail it is."""
    settings = app.settings
    return {
        "home": app.home,
        "engine_model": app.base_name,
        "model": settings.engine.model,
        "prompt_budget": settings.prompt.budget_tokens,
        "settings": settings.train,
        "gate": settings.gate,
        "embedder": settings.embedder.model_dump(mode="json"),
        "retrieval": settings.retrieval.model_dump(mode="json"),
        "adapters": app.adapters_root,
        "serving": settings.engine.serving,
    }


def _check_wish(wish: Wish) -> None:
    if wish.is_tiny and not wish.recipe:
        raise UsageError("--tiny is a form of a recipe.", hint="Name one: --recipe NAME --tiny")
    if wish.carried and wish.data:
        raise UsageError("--from brings mail, --data brings other text.", hint="Give one of them.")
    if wish.data and wish.stop_after:
        raise UsageError(
            "--stop-after is for mail.", hint="Leave it out: other text is neither cleaned nor played back."
        )
    if wish.stop_after == "examples" and wish.output:
        hint = "To have them in a file: cyrano export --examples --output FILE"
        raise UsageError("--stop-after examples tells of them, and leaves nothing.", hint=hint)
    if wish.stop_after in ("clean", "playback") and not wish.output:
        hint = "Say where it goes: --output DIR"
        raise UsageError("A run that stops before the examples leaves its data in a folder.", hint=hint)


def _check_recipe(wish: Wish, recipe: recipes.Recipe) -> None:
    if recipe.is_tiny and (wish.carried or wish.data or wish.account or _names_model(wish.sets)):
        raise UsageError(
            "The tiny form of a recipe brings its own model and data.", hint="Leave out --tiny, or what names others."
        )
    if recipe.data != "mail" and (wish.carried or wish.stop_after):
        raise UsageError(
            f"{recipe.name} learns from {recipe.data}, not from mail.", hint="Leave out --from and --stop-after."
        )


def _names_model(sets: Sequence[str]) -> bool:
    return any(each.partition("=")[0].strip() == "model" for each in sets)


def _check_engine(app: "App", order: TrainJob) -> None:
    engine, settings = app.settings.engine, order.settings
    if not order.model and order.stop_after != "clean":
        raise ModelMissing("No model is configured.", hint="Set [engine] model in cyrano.toml.")
    is_lora = settings.as_lora or (settings.method == "lora" and settings.variant != "dora")
    name, rank = ("as_lora", settings.as_lora) if settings.as_lora else ("rank", settings.rank)
    is_served = is_lora and engine.serving == "lora" and not engine.url
    if is_served and rank > engine.max_lora_rank:
        message = f"[train] {name} is {rank}, but the engine loads adapters up to {engine.max_lora_rank}."
        raise ConfigError(message, hint="Raise [engine] max_lora_rank to it, and start the engine anew.")


def _check_mail(app: "App", order: TrainJob) -> None:
    counts = app.archive.count(order.account)
    if counts.kept < order.settings.min_mails:
        raise too_few_mails(
            order.account, usable=counts.kept, total=counts.total, needed=order.settings.min_mails
        )  # fmt: skip
