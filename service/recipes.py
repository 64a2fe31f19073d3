"""Recipes: trainings and comparisons by name, as data. Each is a file of the trainer's, `recipes/NAME.toml`.

What a setting is, from the weakest word to the strongest: its default, cyrano.toml, the recipe, the recipe's tiny form
where that is asked for, and what stands on the command line.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.carried import carried_account
from connectors.corpus import Corpus
from connectors.errors import UsageError
from connectors.job import TINY, TrainJob
from connectors.profile_job import BUILT_IN, ProfileJob
from connectors.train_settings import TrainSettings

FOLDER = Path(str(files("trainer") / "recipes"))
"""Where they lie. The trainer is not imported: it loads torch."""
TINY_DATA = {
    "mail": FOLDER / "tiny" / "mail",
    "alpaca": FOLDER / "tiny" / "alpaca.json",
    "documents": FOLDER / "tiny" / "documents",
}
TINY_PROMPT = 700
"""Tokens of a prompt that leave room for a reply in what that model reads."""

Model = TypeVar("Model", bound=BaseModel)
Data = Literal["mail", "alpaca", "documents"]


class Tiny(BaseModel):
    """What the tiny form, which runs on any machine within a minute, has otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: dict[str, Any] = {}
    profile: dict[str, Any] = {}


class Recipe(BaseModel):
    """One recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["train", "profile"]
    about: str = Field(min_length=40)
    """What it is for, in a paragraph."""
    source: str = Field(min_length=10)
    """Where its values come from."""
    model: str
    """The base model's name where it is published, or "tiny"."""
    data: Data
    """What it learns from."""
    promises: tuple[str, ...] = Field(min_length=1)
    """The numbers that its report holds, by their dotted names; `*` stands for every item."""
    train: dict[str, Any] = {}
    """Values of [train]."""
    profile: dict[str, Any] = {}
    """Fields of a profile; a matrix may be given by the name of a built-in one."""
    tiny: Tiny = Tiny()
    is_tiny: bool = False


def recipe_names() -> tuple[str, ...]:
    """Return the names of all recipes, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_recipe(name: str, *, is_tiny: bool = False) -> Recipe:
    """Read a recipe, or its tiny form.

    Raises:
        UsageError: there is none of that name, or its file is broken.
    """
    if name not in recipe_names():
        near = difflib.get_close_matches(name, recipe_names(), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(recipe_names())}."
        raise UsageError(f"There is no recipe {name}.", hint=hint)
    path = FOLDER / f"{name}.toml"
    try:
        recipe = Recipe(name=name, **tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValidationError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint="Install Cyrano anew.") from error
    if not is_tiny:
        return recipe
    return recipe.model_copy(
        update={
            "is_tiny": True,
            "model": TINY,
            "train": {**recipe.train, **recipe.tiny.train},
            "profile": {**recipe.profile, **recipe.tiny.profile},
        }
    )


def train_job(recipe: Recipe, order: TrainJob, *, sets: Sequence[str] = (), data: Path | None = None) -> TrainJob:
    """Return an order as the recipe wants it.

    Args:
        recipe: A recipe that trains.
        order: The run without a recipe, with the settings of cyrano.toml; what the recipe does not speak of stays.
        sets: Settings on the command line, each as "key=value"; "model=NAME" is one of them.
        data: What is learned from, for recipes that do not learn from mail.

    Raises:
        UsageError: the recipe is no training, has no data, or a setting is not known or not possible.
    """
    _need(recipe, "train")
    wanted = _parse(sets, [*TrainSettings.model_fields, "model"])
    model = str(wanted.pop("model", recipe.model))
    settings = _checked(TrainSettings, {**order.settings.model_dump(), **recipe.train, **wanted})
    changes: dict[str, Any] = {"recipe": recipe.name, "model": model, "settings": settings}
    if recipe.data != "mail":
        changes |= {"corpus": _corpus(recipe, data), "archive_url": "", "carried": None, "engine_url": None}
        changes["account"] = order.account or recipe.name
    elif recipe.is_tiny:
        folder = TINY_DATA["mail"]
        changes |= {"carried": folder, "account": carried_account(folder), "archive_url": "", "engine_url": None}
    elif data is not None:
        raise UsageError(f"{recipe.name} learns from mail.", hint="Give a carried folder with --from.")
    if recipe.is_tiny:
        changes |= {"prompt_budget": TINY_PROMPT}
    return order.model_copy(update=changes)


def profile_job(
    recipe: Recipe,
    order: ProfileJob,
    *,
    sets: Sequence[str] = (),
    data: Path | None = None,
    wishes: Mapping[str, Any] | None = None,
) -> ProfileJob:
    """Return an order as the recipe wants it.

    Args:
        recipe: A recipe that profiles.
        order: The profile without a recipe; what the recipe does not speak of stays.
        sets: Settings of the training and fields of the profile on the command line, each as "key=value".
        data: What is learned from, for recipes that do not learn from mail.
        wishes: Fields of the profile that have the last word.

    Raises:
        UsageError: the recipe is no profile, has no data, or a setting is not known or not possible.
    """
    _need(recipe, "profile")
    own = set(ProfileJob.model_fields) - {"kind", "settings", "recipe"}
    wanted = _parse(sets, [*TrainSettings.model_fields, *own])
    fields = {**recipe.profile, **{key: value for key, value in wanted.items() if key in own}, **(wishes or {})}
    if "matrices" in fields:
        fields["matrices"] = _matrices(fields["matrices"])
    trained = {key: value for key, value in wanted.items() if key not in own}
    settings = _checked(TrainSettings, {**order.settings.model_dump(), **recipe.train, **trained})
    source = _profiled(recipe, order, data, is_random=bool(fields.get("is_random")))
    return _checked(
        ProfileJob,
        {**order.model_dump(), "model": recipe.model, "recipe": recipe.name, **source, **fields, "settings": settings},
    )


def change(settings: TrainSettings, sets: Sequence[str]) -> TrainSettings:
    """Return settings with those of the command line, each given as "key=value".

    Raises:
        UsageError: a setting is not known or not possible.
    """
    return _checked(TrainSettings, {**settings.model_dump(), **_parse(sets, TrainSettings.model_fields)})


def corpus_at(path: Path) -> Corpus:
    """Return what lies at a path: a folder is one of documents, a file one of instructions.

    Raises:
        UsageError: nothing is there.
    """
    if not path.exists():
        raise UsageError(f"{path} is not there.", hint="Give a folder of documents, or a JSON file of instructions.")
    return Corpus(kind="documents" if path.is_dir() else "alpaca", path=path.resolve())


def _need(recipe: Recipe, kind: str) -> None:
    if recipe.kind != kind:
        hint = f"cyrano {recipe.kind} --recipe {recipe.name}"
        raise UsageError(f"{recipe.name} is a recipe for cyrano {recipe.kind}.", hint=hint)


def _profiled(recipe: Recipe, order: ProfileJob, data: Path | None, *, is_random: bool) -> dict[str, Any]:
    """Return what a profile learns from; on random weights random tokens serve too."""
    if recipe.data != "mail":
        if order.carried:
            raise UsageError(f"{recipe.name} learns from {recipe.data}, not from mail.", hint="Leave out --from.")
        return {} if is_random and not data and not recipe.is_tiny else {"corpus": _corpus(recipe, data)}
    if recipe.is_tiny:
        return {"carried": TINY_DATA["mail"], "prompt_budget": TINY_PROMPT}
    if data or not (order.carried or is_random):
        raise UsageError(f"{recipe.name} needs mail to learn from.", hint="Give a carried folder with --from DIR.")
    return {}


def _corpus(recipe: Recipe, data: Path | None) -> Corpus:
    if data is None and recipe.is_tiny:
        data = TINY_DATA[recipe.data]
    if data is None:
        what = "a folder of documents" if recipe.data == "documents" else "a JSON file of instructions"
        raise UsageError(f"{recipe.name} needs {what} to learn from.", hint="Say where it is: --data PATH")
    found = corpus_at(data)
    if found.kind != recipe.data:
        raise UsageError(f"{recipe.name} learns from {recipe.data}, and {data} is {found.kind}.", hint="--data PATH")
    return found


def _matrices(wanted: Any) -> list[Any]:  # noqa: ANN401  as below, one or several
    several = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(several, list | tuple):
        hint = f"Write --set matrices=NAME, or a list of names. There are: {', '.join(BUILT_IN)}."
        raise UsageError(f"matrices: {wanted!r} is no matrix.", hint=hint)
    return [_matrix(each) for each in several]


def _matrix(wanted: Any) -> Any:  # noqa: ANN401  a name, or what pydantic makes a matrix of
    if not isinstance(wanted, str):
        return wanted
    if wanted not in BUILT_IN:
        raise UsageError(f"There is no matrix {wanted}.", hint=f"There are: {', '.join(BUILT_IN)}.")
    return BUILT_IN[wanted]


def _parse(sets: Sequence[str], known: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Read "key=value" with values as TOML has them; what is no TOML is text."""
    found: dict[str, Any] = {}
    for each in sets:
        key, is_given, value = each.partition("=")
        key = key.strip()
        if not is_given or not key:
            raise UsageError(f"--set {each} sets nothing.", hint="Write --set key=value.")
        if key not in known:
            near = difflib.get_close_matches(key, list(known), n=1)
            meant = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known))}."
            raise UsageError(f"--set {key} is not a known setting.", hint=meant)
        found[key] = _value(value.strip())
    return found


def _value(text: str) -> Any:  # noqa: ANN401  whatever TOML can say
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "The settings"
        given = first["input"]
        hint = "Change one of them." if isinstance(given, dict) else f"It is {given!r} now."
        raise UsageError(f"{where}: {first['msg'].removeprefix('Value error, ')}.", hint=hint) from error
