"""`cyrano plan`: from the command line to the trainer and back."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.errors import ModelMissing, UsageError
from connectors.train_settings import TrainSettings
from service.commands.plan import make_job, plan

SETTINGS = TrainSettings(rank=4)


def test_what_is_not_said_is_as_configured() -> None:
    """The engine's model and the section [train] are the defaults."""
    job = make_job("the-engine-s", SETTINGS, (), {"model": "", "method": None, "is_matrix": False})
    assert (job.model, job.settings, job.gpu) == ("the-engine-s", SETTINGS, "")


def test_what_is_said_goes_before() -> None:
    """Options and --set change settings; the rest of the configuration stays."""
    wishes = {"model": "other", "method": "full", "batch_size": 2, "gpu": "T4", "sequence": 99, "reply_share": 0.5}
    job = make_job("the-engine-s", SETTINGS, ("optimiser=adamw_8bit",), wishes)
    assert job.settings == SETTINGS.model_copy(update={"method": "full", "batch_size": 2, "optimiser": "adamw_8bit"})
    assert (job.model, job.gpu, job.sequence, job.reply_share) == ("other", "T4", 99, 0.5)


def test_a_model_s_folder_may_be_given_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainer runs elsewhere: it gets the whole path."""
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert make_job("", SETTINGS, (), {"model": "mine"}).model == str(tmp_path / "mine")


def test_without_a_model_there_is_nothing_to_plan() -> None:
    """The hint names one."""
    with pytest.raises(ModelMissing) as caught:
        make_job("", SETTINGS, (), {})
    assert "--model" in caught.value.hint


def test_a_setting_that_is_none_is_refused() -> None:
    """With what it may have meant."""
    with pytest.raises(UsageError):
        make_job("m", SETTINGS, ("rnk=4",), {})


@pytest.mark.process
def test_it_plans_without_any_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A well-known name and a GPU are enough; the exit code tells whether it fits."""
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path / "home"))
    arguments = ["--model", "GPT-2", "--sequence", "128", "--batch-size", "1", "--json"]
    fits = CliRunner().invoke(plan, [*arguments, "--gpu", "T4"], standalone_mode=False)
    assert fits.return_value == 0
    said = json.loads(fits.stdout)
    assert (said["is_fit"], said["device"]) == (True, "T4")
    assert CliRunner().invoke(plan, [*arguments, "--gpu", "0.7GiB"], standalone_mode=False).return_value == 1
    assert not (tmp_path / "home").exists()
