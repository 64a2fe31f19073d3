"""QLoRA: the base really lies there in few bits, stays as it is, and what was learned serves on the base as it came."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from connectors.errors import UsageError
from connectors.train_settings import TrainSettings
from tests.trainer.learners import FP32, SETTINGS, learn, make
from trainer.methods import METHODS, count_trainable
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte
from trainer.training.model import Quantisation, load_model
from trainer.training.objective import Replies

DEMO = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "model"
"""Large enough for what stands beside the packed numbers not to matter."""
KINDS: list[Quantisation] = ["nf4", "int8"]
BF16 = Arithmetic(device="cpu", dtype=torch.bfloat16)
EXAMPLES = [make(20 + index % 7, start=index, prompt=4) for index in range(8)]
HELD_OUT = [make(24, start=100 + index, prompt=4) for index in range(4)]
METHOD = METHODS["lora"]


def packed_bytes(model: nn.Module) -> int:
    """Return what the linear layers' weights take, with all that is needed to read them."""
    total = 0
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and name != "lm_head" and "lora" not in name:
            weight = layer.weight
            held = [weight.data, getattr(weight, "SCB", None)]
            if (state := getattr(weight, "quant_state", None)) is not None:
                held += [state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code]
            total += sum(each.numel() * each.element_size() for each in held if each is not None)
    return total


@pytest.mark.parametrize(("kind", "share"), [("nf4", 0.35), ("int8", 0.6)])
def test_weights_lie_there_in_few_bits(
    kind: Quantisation, share: float, record_property: Callable[[str, object], None]
) -> None:
    """The linear layers take less than that share of bf16's bytes; numbers are counted as if they were not packed."""
    whole, packed = (
        load_model(str(DEMO), torch.bfloat16, "cpu"),
        load_model(str(DEMO), torch.bfloat16, "cpu", quantisation=kind),
    )
    found = packed_bytes(packed) / packed_bytes(whole)
    record_property("share_of_bf16", found)
    assert found < share
    assert count_trainable(packed)[1] == count_trainable(whole)[1]


@pytest.mark.parametrize("is_random", [False, True])
def test_4_bits_are_nf4_quantised_twice(*, is_random: bool) -> None:
    """The scales are quantised too, and products are computed in the arithmetic's format."""
    model = load_model(str(DEMO), torch.bfloat16, "cpu", quantisation="nf4", is_random=is_random)
    layers = [layer for layer in model.modules() if type(layer).__name__ == "Linear4bit"]
    assert len(layers) == 28
    for layer in layers:
        state = layer.weight.quant_state  # type: ignore[union-attr]
        assert (state.quant_type, state.nested, layer.compute_dtype) == ("nf4", True, torch.bfloat16)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_the_rest_stays_in_the_arithmetic_s_format(kind: Quantisation) -> None:
    """Embeddings, norms and the layer that makes the logits are not quantised, and nothing of the base is trained."""
    model = load_model(str(DEMO), torch.bfloat16, "cpu", quantisation=kind)
    rest = {name: each.dtype for name, each in model.named_parameters() if "proj" not in name}
    assert any("norm" in name for name in rest)
    assert model.get_output_embeddings().weight.dtype == torch.bfloat16  # type: ignore[operator]
    assert set(rest.values()) == {torch.bfloat16}
    assert not any(each.requires_grad for each in model.parameters())


@pytest.mark.parametrize(
    ("kind", "variant"), [("nf4", "plain"), ("nf4", "dora"), ("int8", "plain"), ("int8", "rslora")]
)
def test_it_learns_and_the_base_stays(tiny: Path, tmp_path: Path, kind: Quantisation, variant: str) -> None:
    """The held-out loss goes down; not a bit of the packed weights changes."""
    settings = SETTINGS.model_copy(update={"variant": variant})
    model = METHOD.wrap(load_model(str(tiny), torch.float32, "cpu", quantisation=kind), settings)
    before = {name: each.detach().clone() for name, each in model.named_parameters() if not each.requires_grad}
    progress = learn(model, tmp_path, settings=settings)
    assert min(progress.losses[1:]) < progress.losses[0]
    after = dict(model.named_parameters())
    assert all(torch.equal(after[name], each) for name, each in before.items())


def test_dora_beside_8_bits_is_turned_away_without_a_gpu() -> None:
    """An error before the run, not one in the middle of it."""
    settings = SETTINGS.model_copy(update={"variant": "dora", "quantisation": "int8"})
    with pytest.raises(UsageError) as caught:
        METHOD.wrap(load_model(str(DEMO), torch.bfloat16, "cpu", quantisation="int8"), settings)
    assert "nf4" in caught.value.hint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_checkpointed", [False, True])
def test_measuring_changes_no_gradient(kind: Quantisation, *, is_checkpointed: bool) -> None:
    """Every adapter gets the gradient that it would get had nothing been measured before.

    On some processors bitsandbytes would drop those of all but the last layers. Checkpointing changes nothing either.
    """
    gradients = []
    for is_measured in (False, True):
        torch.manual_seed(1)
        settings = TrainSettings(rank=2, dropout=0)
        model = METHOD.wrap(load_model(str(DEMO), torch.bfloat16, "cpu", quantisation=kind), settings)
        if is_measured and is_checkpointed:
            model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
        if is_measured:
            nats_per_byte(model, HELD_OUT, BF16, 4)
        model.train()
        with BF16.autocast():
            loss = Replies().loss(model, EXAMPLES, BF16)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients.append({name: each.grad for name, each in model.named_parameters() if each.requires_grad})
    for name, gradient in gradients[0].items():
        assert gradient is not None
        if "lora_B" in name:  # the other half is zero times something at the start
            assert gradient.abs().max() > 0
        torch.testing.assert_close(gradients[1][name], gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learned_serves_on_the_base_as_it_came(
    tiny: Path, tmp_path: Path, kind: Quantisation, record_property: Callable[[str, object], None]
) -> None:
    """Beside the base that was never quantised, which is what the engine has, it keeps nine tenths of what it won."""
    settings = SETTINGS.model_copy(update={"epochs": 4})
    model = METHOD.wrap(load_model(str(tiny), torch.float32, "cpu", quantisation=kind), settings)
    learn(model, tmp_path, settings=settings)
    METHOD.save(model, tmp_path / "adapter")
    base = load_model(str(tiny), torch.float32, "cpu")
    alone = nats_per_byte(base, HELD_OUT, FP32, 4)
    trained = nats_per_byte(model, HELD_OUT, FP32, 4)
    served = nats_per_byte(METHOD.load(base, tmp_path / "adapter"), HELD_OUT, FP32, 4)
    record_property("base_trained_served", (alone, trained, served))
    assert served - trained < 0.1 * (alone - trained)
