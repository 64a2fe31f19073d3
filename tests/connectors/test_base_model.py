"""What a base model is made of."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from connectors.base_model import find, revision
from connectors.errors import StoreError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with what makes a model."""
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"hidden_size": 8, "transformers_version": "5.16"}))
    (path / "tokenizer.json").write_text("{}")
    save_file({"weights": np.arange(300_000, dtype=np.float32)}, path / "model.safetensors")
    return path


def test_a_copy_is_the_same_model(model: Path, tmp_path: Path) -> None:
    """Wherever it lies, whenever it was copied, whatever lies beside it, whoever wrote its configuration."""
    before = revision(str(model))
    copy = shutil.copytree(model, tmp_path / "elsewhere")
    os.utime(copy / "model.safetensors", (1, 1))
    (copy / "README.md").write_text("read me")
    (copy / "pytorch_model.bin").write_bytes(b"the same weights in an older form")
    (copy / "config.json").write_text(json.dumps({"transformers_version": "6.0", "hidden_size": 8}))
    assert len(before) == 32
    assert revision(str(copy)) == before


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "chat_template.jinja", "generation_config.json"])
def test_what_changes_what_is_computed_changes_the_model(model: Path, name: str) -> None:
    """Configuration, tokens and the template of a chat; not how words are drawn, which Cyrano says itself."""
    before = revision(str(model))
    (model / name).write_text(json.dumps({"hidden_size": 16}))
    assert (revision(str(model)) != before) == (name != "generation_config.json")


def test_other_weights_are_another_model(model: Path) -> None:
    """Also of the same size and form: as a model that was trained further has them."""
    before = revision(str(model))
    save_file({"weights": np.arange(300_000, dtype=np.float32) + 1}, model / "model.safetensors")
    changed = revision(str(model))
    assert changed != before
    save_file({"weights": np.arange(300_001, dtype=np.float32) + 1}, model / "model.safetensors")
    assert revision(str(model)) not in {before, changed}


def test_a_downloaded_model_is_found_by_its_name(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked for it; it is the model that lies in the cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert revision("org/name") == ""
    store = tmp_path / "hub" / "models--org--name"
    shutil.copytree(model, store / "snapshots" / "abc123")
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text("abc123")
    assert find("org/name") == store / "snapshots" / "abc123"
    assert revision("org/name") == revision(str(model))


@pytest.mark.parametrize("name", ["", "tiny", "no/such", "/no/such/folder", "a/b/c"])
def test_what_is_not_here_has_no_digest(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say what it is: it may run on another machine."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert revision(name) == ""


def test_a_broken_model_is_said(model: Path) -> None:
    """With what to do."""
    (model / "config.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read") as caught:
        revision(str(model))
    assert "Download it again" in caught.value.hint
