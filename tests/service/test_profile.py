"""`cyrano profile`: from the command line to the order of a profile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.errors import ModelMissing, UsageError
from connectors.job import read_job
from connectors.profile_job import BUILT_IN, Matrix, ProfileJob
from service.commands import profile as command
from service.training import RESULT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORDER = ProfileJob(model="m", command="cyrano profile")


@pytest.fixture
def ordered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of profiles of a new home; nothing is carried out there."""
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path))
    monkeypatch.setattr(command, "follow_run", lambda *_: {"report": ["done"]})
    return tmp_path / "profiles"


def order(profiles: Path, *words: str) -> ProfileJob:
    """Call the command, and return what it ordered."""
    called = CliRunner().invoke(command.profile, words, catch_exceptions=False, standalone_mode=False)
    if called.exception:
        raise called.exception
    assert called.output == "done\n"
    (folder,) = profiles.iterdir()
    job = read_job(folder)
    assert isinstance(job, ProfileJob)
    return job


def test_options_become_an_order(ordered: Path, tmp_path: Path) -> None:
    """What stands on the command line stands in the job; the rest is as the job's own defaults say."""
    (tmp_path / "a.json").write_text("[]", "utf-8")
    words = f"--model m --random --data {tmp_path}/a.json --matrix 2x2x2 --steps 3 --memory 8 --set rank=4"
    job = order(ordered, *words.split(), "--output", str(tmp_path / "out"))
    assert (job.model, job.is_random, job.steps, job.memory_gib, job.settings.rank) == ("m", True, 3, 8, 4)
    assert job.corpus
    assert job.corpus.kind == "alpaca"
    assert job.matrices == (BUILT_IN["2x2x2"],)
    assert job.output == tmp_path / "out"
    assert job.quality_steps == ProfileJob.model_fields["quality_steps"].default


def test_tiny_needs_nothing(ordered: Path) -> None:
    """The tiny form brings its model and its data, and is over soon."""
    job = order(ordered, "--tiny")
    assert job.model == "tiny"
    assert len(list(job.matrices[0].combinations())) == 8
    assert job.steps == 2


def test_a_recipe_is_carried_out_in_its_tiny_form(ordered: Path) -> None:
    """A recipe's name, values and matrices come into the order; the command line has the last word."""
    job = order(ordered, "--recipe", "llama2-7b-alpaca-profile", "--tiny", "--steps", "1")
    assert job.recipe == "llama2-7b-alpaca-profile"
    assert job.settings.accumulation == 8
    assert job.steps == 1


def test_without_a_model_nothing_is_ordered(ordered: Path) -> None:
    """It says so before a process is started."""
    with pytest.raises(ModelMissing):
        order(ordered, "--steps", "1")
    assert not ordered.exists()


@pytest.mark.parametrize("name", ["lora-vs-full", "llama2-7b-alpaca-profile"])
def test_a_recipe_on_random_weights_needs_no_data(ordered: Path, name: str) -> None:
    """Random tokens serve, and every other wish comes before the recipe too."""
    job = order(ordered, "--recipe", name, "--random", "--model", "m", "--matrix", "methods", "--steps", "9")
    assert (job.recipe, job.is_random, job.corpus, job.carried) == (name, True, None, None)
    assert (job.model, job.matrices, job.steps) == ("m", (BUILT_IN["methods"],), 9)


@pytest.mark.parametrize("words", [["--tiny"], ["--recipe", "llama2-7b-alpaca-profile"]])
def test_two_sources_are_refused(ordered: Path, tmp_path: Path, words: list[str]) -> None:
    """One profile learns from one thing."""
    with pytest.raises(UsageError, match="two things"):
        order(ordered, *words, "--data", str(tmp_path), "--from", str(tmp_path))


def test_a_recipe_for_other_data_takes_no_mail(ordered: Path, tmp_path: Path) -> None:
    """It would learn from something else than it says."""
    with pytest.raises(UsageError, match="not from mail"):
        order(ordered, "--recipe", "llama2-7b-alpaca-profile", "--tiny", "--from", str(tmp_path))


def test_the_same_order_goes_on_and_another_starts_anew(tmp_path: Path) -> None:
    """An unfinished profile is taken up again; a changed or a finished one is not."""
    first = command.plan_profile(tmp_path, ORDER, NOW)
    later = NOW + timedelta(minutes=1)
    again = ORDER.model_copy(update={"command": "cyrano profile --model m"})
    assert command.plan_profile(tmp_path, again, later) == first
    other = command.plan_profile(tmp_path, ORDER.model_copy(update={"steps": 9}), later)
    assert other != first
    (first / RESULT).write_text("{}", "utf-8")
    assert command.plan_profile(tmp_path, ORDER, later + timedelta(minutes=1)) not in (first, other)


def test_a_matrix_names_settings_that_there_are() -> None:
    """A slip in a recipe is found where it is read, not after hours."""
    with pytest.raises(ValueError, match="no training setting is called bach_size"):
        Matrix(name="M", axes={"bach_size": (1, 2)})
    with pytest.raises(ValueError, match="axis"):
        Matrix(name="M", axes={"rank": ()})
