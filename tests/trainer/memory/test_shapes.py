"""What a model is made of, read from its configuration."""

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from connectors.errors import ModelMissing
from tests.trainer.memory.models import KINDS, small, write_small
from trainer.memory.shapes import build_skeleton, describe, known_models, read_shapes

PUBLISHED = {
    "Llama-3.2-1B": 1_235_814_400,
    "Llama-3.2-3B": 3_212_749_824,
    "Llama-3-8B": 8_030_261_248,
    "Llama-2-7B": 6_738_415_616,
    "Mistral-7B": 7_248_023_552,
    "Qwen2.5-0.5B": 494_032_768,
    "Qwen2.5-7B": 7_615_616_512,
    "GPT-2": 124_439_808,
}


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_those_of_the_model_that_is_built(kind: str) -> None:
    """Whatever the architecture calls its parts, the number is that of the model with real memory."""
    config = small(kind)
    shapes = describe(kind, config, build_skeleton(config))
    real = AutoModelForCausalLM.from_config(config)
    assert shapes.parameters == sum(parameter.numel() for parameter in real.parameters())
    assert (shapes.hidden, shapes.layers, shapes.heads, shapes.vocabulary) == (64, 5, 4, 320)


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_well_known_models_have_their_published_size(name: str, parameters: int) -> None:
    """The configurations that come along are those of the models they are called after."""
    assert read_shapes(name).parameters == parameters


def test_a_name_is_known_whoever_publishes_it_but_not_another_size() -> None:
    """Whose it is and what it was tuned for change no shape; gpt2-medium is no GPT-2."""
    assert read_shapes("meta-llama/Llama-3.2-1B-Instruct").name == "Llama-3.2-1B"
    with pytest.raises(ModelMissing) as caught:
        read_shapes("gpt2-medium")
    assert all(name in caught.value.hint for name in known_models())


def test_a_folder_and_its_config_are_the_same_model(tmp_path: Path) -> None:
    """No weights are needed; the folder gives the model its name."""
    folder = write_small(tmp_path / "mine")
    assert read_shapes(folder) == read_shapes(folder / "config.json")
    assert read_shapes(folder).name == "mine"


def test_the_parts_are_described(tmp_path: Path) -> None:
    """Grouped attention, gated feed-forward parts, norms and ties are told from the built model."""
    shapes = read_shapes(write_small(tmp_path, tie_word_embeddings=True))
    assert (shapes.kv_heads, shapes.head_dim, shapes.intermediate) == (2, 16, 176)
    assert (shapes.is_gated, shapes.is_tied, shapes.has_biases, shapes.norm) == (True, True, False, "LlamaRMSNorm")
    gpt = describe("gpt2", small("gpt2"), build_skeleton(small("gpt2")))
    assert (gpt.is_gated, gpt.has_biases, gpt.norm) == (False, True, "LayerNorm")


def test_a_config_that_is_no_language_model_is_refused(tmp_path: Path) -> None:
    """The message says what it was about."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(ModelMissing):
        read_shapes(path)
    path.write_text(json.dumps({"model_type": "mamba", "num_hidden_layers": 2, "hidden_size": 64}))
    with pytest.raises(ModelMissing, match="num_attention_heads"):
        read_shapes(path)
    path.write_text("{")
    with pytest.raises(ModelMissing, match="no configuration"):
        read_shapes(path)


def test_an_encoder_is_refused_unless_it_is_set_up_to_write(tmp_path: Path) -> None:
    """BERT can be built as a causal model, and would be planned as what it is not."""
    sizes = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "bert", **sizes}))
    with pytest.raises(ModelMissing, match="encoder"):
        read_shapes(path)
    path.write_text(json.dumps({"model_type": "bert", "is_decoder": True, **sizes}))
    assert read_shapes(path).layers == 2
