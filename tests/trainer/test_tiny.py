"""The tiny model of tests and of recipes' tiny forms."""

from pathlib import Path

import pytest
import torch

from connectors.errors import StoreError
from connectors.job import TINY
from trainer.tiny import make_tiny_model, resolve
from trainer.training.model import load_model, load_tokenizer, longest_input


def test_another_name_stays_as_it_is(tmp_path: Path) -> None:
    """Only the tiny model is made; nothing is written for any other."""
    assert resolve("meta-llama/Llama-3.2-1B", tmp_path) == "meta-llama/Llama-3.2-1B"
    assert not list(tmp_path.iterdir())


def test_the_tiny_model_is_made_once_and_whole(tmp_path: Path) -> None:
    """A run that goes on finds the model it began with; what a killed one left half-made is made anew."""
    (tmp_path / "tiny-model.new").mkdir()
    first = Path(resolve(TINY, tmp_path))
    stamp = (first / "model.safetensors").stat().st_mtime_ns
    assert resolve(TINY, tmp_path) == str(first)
    assert (first / "model.safetensors").stat().st_mtime_ns == stamp
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert load_tokenizer(str(first)).chat_template
    assert longest_input(str(first)) == 1024


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The disk's refusal is an error with a hint."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError) as caught:
        resolve(TINY, tmp_path / "file")
    assert caught.value.hint


def test_seeds_make_different_weights(tmp_path: Path) -> None:
    """The same seed makes the same model again."""
    models = [
        load_model(str(make_tiny_model(tmp_path / str(index), seed=seed)), torch.float32, "cpu")
        for index, seed in enumerate((0, 0, 1))
    ]
    first, again, other = (next(model.parameters()) for model in models)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
