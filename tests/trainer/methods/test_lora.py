"""A saved adapter is the one that was trained, in the form that engines load."""

import json
from pathlib import Path

import torch
from peft import PeftModel

from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, SETTINGS, learn, wrapped
from trainer.methods import METHODS
from trainer.training.model import load_model


def test_a_reloaded_adapter_says_the_same(tiny: Path, tmp_path: Path) -> None:
    """Base model and saved folder together give the logits of the trained model, which differ from the base's."""
    model = wrapped(tiny, SETTINGS)
    learn(model, tmp_path)
    METHODS["lora"].save(model, tmp_path / "adapter")

    base = load_model(str(tiny), torch.float32, "cpu").eval()
    ids = torch.tensor([EXAMPLES[0].tokens])
    with torch.no_grad():
        trained, plain = model.eval()(input_ids=ids).logits, base(input_ids=ids).logits
        again = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()(input_ids=ids).logits
    torch.testing.assert_close(again, trained)
    assert not torch.allclose(plain, trained, atol=1e-3)


def test_the_folder_is_what_an_engine_loads(tiny: Path, tmp_path: Path) -> None:
    """It names its base model, its rank and plain layer names, and holds safetensors and nothing else."""
    METHODS["lora"].save(wrapped(tiny, SETTINGS), tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny)
    assert config["r"] == SETTINGS.rank
    every_layer = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert sorted({name.split(".")[-1] for name in config["target_modules"]}) == every_layer
    assert not config["modules_to_save"]
    names = sorted(path.name for path in (tmp_path / "adapter").iterdir())
    assert names == ["adapter_config.json", "adapter_model.safetensors"]


def test_targets_can_be_named(tiny: Path) -> None:
    """Only the layers named are trained."""
    model = wrapped(tiny, TrainSettings(targets=("q_proj", "v_proj")))
    trained = {name.split(".")[-4] for name, each in model.named_parameters() if each.requires_grad}
    assert trained == {"q_proj", "v_proj"}
