"""Recipes: found by name, read as data, and put on top of the configuration."""

from pathlib import Path

import pytest

from connectors.corpus import Corpus
from connectors.errors import UsageError
from connectors.job import TrainJob
from connectors.profile_job import BUILT_IN, ProfileJob
from connectors.train_settings import TrainSettings
from service.recipes import FOLDER, change, corpus_at, profile_job, read_recipe, recipe_names, train_job

NAMES = (
    "llama-3b-documents-qlora", "llama2-7b-alpaca-profile", "llama32-1b-lora-t4", "lora-vs-full", "panza-75-mails",
    "panza-fft", "panza-rosa",
)  # fmt: skip
BASE = ProfileJob(model="configured", command="cyrano profile", settings=TrainSettings(seed=7, rank=3))


@pytest.fixture
def order(tmp_path: Path) -> TrainJob:
    """A run as it would be without a recipe."""
    return TrainJob(
        run="", account="ana", home=tmp_path, archive_url="sqlite:///x", engine_url="http://127.0.0.1:1", model="mine",
        prompt_budget=3000, settings=TrainSettings(rank=3, playback_concurrency=2), adapters=tmp_path,
    )  # fmt: skip


def filled(recipe: str, *, is_tiny: bool) -> TrainJob | ProfileJob:
    """Return a recipe's job with data that is there."""
    read = read_recipe(recipe, is_tiny=is_tiny)
    data = {"documents": FOLDER / "tiny" / "documents", "alpaca": FOLDER / "tiny" / "alpaca.json"}.get(read.data)
    if read.kind == "profile":
        order = BASE.model_copy(update={"carried": FOLDER / "tiny" / "mail"}) if read.data == "mail" else BASE
        return profile_job(read, order, data=None if is_tiny else data)
    bare = TrainJob(run="", account="", home=FOLDER, model="mine", prompt_budget=3000, adapters=FOLDER)
    return train_job(read, bare, data=None if is_tiny else data)


def test_all_recipes_are_there() -> None:
    """The seven are found by their files."""
    assert recipe_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_tiny", [False, True])
def test_every_recipe_makes_a_job(name: str, *, is_tiny: bool) -> None:
    """It says what it is for, where it comes from and what it promises, and all its settings are known and possible."""
    recipe = read_recipe(name, is_tiny=is_tiny)
    assert recipe.promises
    job = filled(name, is_tiny=is_tiny)
    assert (job.kind, job.recipe) == (recipe.kind, name)
    assert job.model == ("tiny" if is_tiny else recipe.model)
    assert "/" in recipe.model or is_tiny
    assert all(getattr(job.settings, key) is not None for key in recipe.train)


@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_form_is_small_and_keeps_what_the_recipe_is_about(name: str) -> None:
    """It trains by the same method and in the same number format, in fewer epochs, on data that comes along."""
    full, tiny = read_recipe(name).train, read_recipe(name, is_tiny=True).train
    kept = ("method", "quantisation", "precision", "optimiser", "targets", "rank", "density", "loss")
    assert {key: tiny.get(key) for key in kept} == {key: full.get(key) for key in kept}
    assert tiny.get("epochs", 0) <= full.get("epochs", 0)
    job = filled(name, is_tiny=True)
    source = job.carried or (job.corpus and job.corpus.path)
    assert source
    assert source.exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_describes_every_recipe(name: str) -> None:
    """Whoever chooses finds each by its name, with the command that runs it."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"## {name}\n" in readme
    assert f"cyrano {read_recipe(name).kind} --recipe {name}" in readme


def test_panza_is_as_published() -> None:
    """The values are those of the publication."""
    job = filled("panza-rosa", is_tiny=False)
    said = job.settings.model_dump(include={"method", "rank", "alpha", "dropout", "density", "epochs", "warmup"})
    assert said == {
        "method": "rosa", "rank": 8, "alpha": 16, "dropout": 0.05, "density": 0.01, "epochs": 5, "warmup": 8,
    }  # fmt: skip
    assert (job.settings.step_size, job.settings.max_tokens, job.settings.targets) == (8, 512, "all-linear")
    full = filled("panza-fft", is_tiny=False).settings
    assert (full.method, full.learning_rate, full.epochs) == ("full", 1e-5, 3)
    little = filled("panza-75-mails", is_tiny=False).settings
    assert (little.method, little.window, little.epochs) == ("rosa", 75, 11)


def test_the_exercises_are_as_ordered() -> None:
    """Alpaca's profile and the documents' QLoRA have the values that were asked for."""
    job = filled("llama2-7b-alpaca-profile", is_tiny=False)
    assert isinstance(job, ProfileJob)
    said = job.settings
    assert (said.learning_rate, said.batch_size, said.accumulation) == (1e-5, 1, 8)
    assert (said.rank, said.alpha, said.dropout, said.targets) == (16, 32, 0.05, ("q_proj", "v_proj"))
    assert (job.samples, job.matrices[0]) == (200, BUILT_IN["2x2x2"])
    qlora = filled("llama-3b-documents-qlora", is_tiny=False).settings
    assert (qlora.rank, qlora.alpha, qlora.targets) == (8, 32, ("q_proj", "k_proj", "v_proj", "o_proj"))
    assert (qlora.quantisation, qlora.precision, qlora.optimiser, qlora.batch_size) == (
        "nf4", "fp16", "paged_adamw_8bit", "auto",
    )  # fmt: skip
    assert filled("llama32-1b-lora-t4", is_tiny=False).settings.precision == "fp16"


def test_an_unknown_name_lists_the_known() -> None:
    """A slip of the finger is answered with what was meant, anything else with all there is."""
    with pytest.raises(UsageError) as caught:
        read_recipe("panza-rose")
    assert "panza-rosa" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        read_recipe("../../etc/passwd")
    assert all(name in caught.value.hint for name in NAMES)


def test_the_command_line_wins_over_the_recipe_over_the_configuration(order: TrainJob) -> None:
    """What neither speaks of stays as configured."""
    job = train_job(read_recipe("panza-rosa"), order, sets=["epochs=9", "model=here", 'targets=["q_proj"]'])
    assert (job.settings.epochs, job.settings.rank, job.settings.playback_concurrency) == (9, 8, 2)
    assert (job.model, job.settings.targets) == ("here", ("q_proj",))
    assert (job.account, job.archive_url, job.engine_url) == (order.account, order.archive_url, order.engine_url)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("epoch=9", "epochs"),
        ("epochs", "key=value"),
        ("=3", "key=value"),
        ("epochs=none", "none"),
        ("epochs=-1", "-1"),
        ("quantisation=nf4", "rosa"),
    ],
)
def test_a_setting_that_cannot_be_is_told(order: TrainJob, given: str, meant: str) -> None:
    """Unknown names, missing values and values that are not possible end with a word on what is."""
    with pytest.raises(UsageError) as caught:
        train_job(read_recipe("panza-rosa"), order, sets=[given])
    assert meant in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


def test_settings_of_a_profile_are_the_trainings_and_its_own() -> None:
    """`--set` reaches both; what the recipe does not speak of stays as ordered."""
    recipe = read_recipe("lora-vs-full", is_tiny=True)
    job = profile_job(recipe, BASE, sets=["rank=5", "steps=7", "memory_gib=0.5"])
    assert (job.settings.rank, job.settings.seed, job.steps, job.memory_gib) == (5, 7, 7, 0.5)
    assert job.command == BASE.command
    with pytest.raises(UsageError):
        profile_job(recipe, BASE, sets=["step=7"])


def test_a_matrix_on_the_command_line_may_stand_alone() -> None:
    """One name, or a list of names; anything else is refused with the names there are."""
    recipe = read_recipe("lora-vs-full", is_tiny=True)
    for given in ("matrices=2x2x2", 'matrices=["2x2x2"]'):
        assert profile_job(recipe, BASE, sets=[given]).matrices == (BUILT_IN["2x2x2"],)
    for given in ("matrices=5", "matrices=3x3", "matrices=[5]"):
        with pytest.raises(UsageError) as caught:
            profile_job(recipe, BASE, sets=[given])
        assert caught.value.hint


def test_a_profile_on_random_weights_needs_no_data() -> None:
    """Speed and memory can be measured on random tokens; with weights that mean something, data is needed."""
    recipe = read_recipe("llama2-7b-alpaca-profile")
    job = profile_job(recipe, BASE, sets=["is_random=true"])
    assert (job.corpus, job.carried) == (None, None)
    with pytest.raises(UsageError, match="needs a JSON file") as caught:
        profile_job(recipe, BASE)
    assert "--data" in caught.value.hint
    with pytest.raises(UsageError, match="needs mail") as caught:
        profile_job(read_recipe("lora-vs-full"), BASE)
    assert "--from" in caught.value.hint


def test_other_data_needs_no_mail(order: TrainJob, tmp_path: Path) -> None:
    """A recipe for documents takes a folder, and leaves archive and engine alone."""
    recipe = read_recipe("llama-3b-documents-qlora")
    job = train_job(recipe, order, data=tmp_path)
    assert job.corpus == Corpus(kind="documents", path=tmp_path)
    assert (job.archive_url, job.engine_url) == ("", None)
    with pytest.raises(UsageError, match="needs a folder"):
        train_job(recipe, order)
    (tmp_path / "rows.json").touch()
    with pytest.raises(UsageError, match="alpaca"):
        train_job(recipe, order, data=tmp_path / "rows.json")
    with pytest.raises(UsageError, match="not there"):
        train_job(recipe, order, data=tmp_path / "nowhere")


def test_a_mail_recipe_takes_no_other_data(order: TrainJob, tmp_path: Path) -> None:
    """It says how mail is given instead."""
    with pytest.raises(UsageError) as caught:
        train_job(read_recipe("panza-fft"), order, data=tmp_path)
    assert "--from" in caught.value.hint


def test_a_recipe_knows_its_command(order: TrainJob) -> None:
    """A training is not profiled, nor a profile trained; the hint is the command that fits."""
    with pytest.raises(UsageError) as caught:
        train_job(read_recipe("lora-vs-full"), order)
    assert "cyrano profile --recipe lora-vs-full" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        profile_job(read_recipe("panza-fft"), BASE)
    assert "cyrano train --recipe panza-fft" in caught.value.hint


def test_settings_change_without_a_recipe(tmp_path: Path) -> None:
    """`--set` and `--data` serve every run."""
    assert change(TrainSettings(), ["rank=4", "method=full"]) == TrainSettings(rank=4, method="full")
    assert corpus_at(tmp_path).kind == "documents"
    (tmp_path / "rows.jsonl").touch()
    assert corpus_at(tmp_path / "rows.jsonl").kind == "alpaca"
