"""`cyrano train`, as far as it goes without an engine."""

from pathlib import Path

import pytest

from tests.service.commands.calling import MAILS, Cyrano


@pytest.fixture
def model(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured folder for the model, with nothing in it."""
    assert home  # it clears the environment first
    monkeypatch.setenv("CYRANO_ENGINE__MODEL", str(tmp_path / "model"))
    return tmp_path / "model"


@pytest.mark.usefixtures("ana")
def test_without_a_model_it_says_where_to_set_one(cyrano: Cyrano) -> None:
    """The key is named."""
    said = cyrano("train")
    assert said.code == 1
    assert "[engine] model" in said.err


@pytest.mark.usefixtures("model", "synced")
def test_too_few_mails_are_told_before_an_engine_starts(cyrano: Cyrano, home: Path) -> None:
    """How many there are, how many are needed, and how to find out why."""
    said = cyrano("train")
    assert said.code == 1
    assert f"{MAILS} mails to learn from, of {MAILS + 1}; 20 are needed" in said.err
    assert "export --all" in said.err
    assert not (home / "logs").exists()
    assert not (home / "runs").exists()


@pytest.mark.usefixtures("synced")
def test_a_missing_model_is_named(cyrano: Cyrano, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to get it; no run is begun."""
    monkeypatch.setenv("CYRANO_TRAIN__MIN_MAILS", str(MAILS))
    said = cyrano("train")
    assert said.code == 1
    assert f"The model '{model}' is not on this machine." in said.err
    assert "hf download" in said.err


@pytest.mark.usefixtures("ana", "model")
@pytest.mark.parametrize("asked", [{"RANK": "64"}, {"AS_LORA": "64", "METHOD": "rosa"}])
def test_an_adapter_the_engine_could_not_load_is_not_trained(
    cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    """A rank above the engine's is told at once, not after hours; merged, any rank will do."""
    for name, value in asked.items():
        monkeypatch.setenv(f"CYRANO_TRAIN__{name}", value)
    said = cyrano("train")
    assert said.code == 2
    assert "max_lora_rank" in said.err
    monkeypatch.setenv("CYRANO_ENGINE__SERVING", "merged")
    assert "max_lora_rank" not in cyrano("train").err
