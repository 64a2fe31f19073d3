"""The planner's numbers against steps that really run."""

from pathlib import Path

import pytest

from connectors.train_settings import TrainSettings
from tests.bench.memory import measure, plan
from tests.trainer.memory.models import KINDS, small, write_small
from trainer.memory.estimate import Estimate, choose_loss, estimate
from trainer.memory.shapes import Shapes, build_skeleton, describe, read_shapes

SHORT = TrainSettings(precision="fp32", batch_size=4, checkpointing="off", loss="plain")


def shapes_of(kind: str, **changes: object) -> Shapes:
    """Return the shapes of a small model."""
    config = small(kind)
    for name, value in changes.items():
        setattr(config, name, value)
    return describe(kind, config, build_skeleton(config))


def planned(shapes: Shapes, settings: TrainSettings = SHORT, **changes: object) -> Estimate:
    """Estimate a small step on a GPU."""
    values = {"batch": 2, "sequence": 64, "precision": "bf16", "device": "cuda", **changes}
    return estimate(shapes, settings, **values)  # type: ignore[arg-type]


@pytest.mark.process
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"precision": "bf16", "checkpointing": "on", "loss": "chunked"},
        {"variant": "dora"},
        {"method": "rosa", "precision": "bf16"},
        {"method": "full", "precision": "bf16"},
        {"method": "full", "checkpointing": "on", "loss": "chunked"},
        {"quantisation": "nf4", "precision": "bf16", "checkpointing": "on"},
        {"quantisation": "int8"},
        {"method": "full", "accumulation": 2, "precision": "bf16"},
    ],
)
def test_the_planned_peak_is_what_a_step_holds(tmp_path: Path, changes: dict[str, object]) -> None:
    """Within a tenth is promised; on a processor it is a thousandth."""
    model = str(write_small(tmp_path, hidden_size=128, intermediate_size=352, vocab_size=2048))
    settings = TrainSettings.model_validate({**SHORT.model_dump(), **changes})
    held = measure(model, settings, 2, 128)
    assert plan(model, settings, 2, 128) == pytest.approx(held, rel=0.005)


@pytest.mark.process
@pytest.mark.parametrize("kind", KINDS)
def test_a_few_layers_stand_for_all(kind: str) -> None:
    """Where layers are alike, or take turns, the extrapolated peak is that of a trace of every layer."""
    shapes = shapes_of(kind)
    for settings in (SHORT, SHORT.model_copy(update={"method": "full", "checkpointing": "on"})):
        few, whole = planned(shapes, settings), planned(shapes, settings, is_whole=True)
        assert few.traced < whole.traced == shapes.layers
        assert few.total == pytest.approx(whole.total, rel=0.002)


def test_each_part_answers_to_its_cause() -> None:
    """Rows make activations, the method makes gradients and states, and 8 bits make states small."""
    shapes = shapes_of("llama")
    lora = planned(shapes)
    more_rows = planned(shapes, batch=4)
    assert more_rows.activations > 1.9 * lora.activations
    assert (more_rows.parameters, more_rows.optimiser) == (lora.parameters, lora.optimiser)
    full = planned(shapes, SHORT.model_copy(update={"method": "full"}))
    assert full.adapter == 0
    assert full.optimiser == pytest.approx(8 * shapes.parameters, rel=0.1)
    eight = planned(shapes, SHORT.model_copy(update={"method": "full", "optimiser": "adamw_8bit"}))
    assert eight.optimiser < 0.35 * full.optimiser


def test_checkpointing_keeps_less() -> None:
    """That is what it is for."""
    shapes = shapes_of("llama")
    kept = planned(shapes, batch=8)
    again = planned(shapes, SHORT.model_copy(update={"checkpointing": "on"}), batch=8)
    assert again.total < 0.8 * kept.total


@pytest.mark.process
def test_packed_weights_are_held_once(tmp_path: Path) -> None:
    """However large they are: nf4 keeps no more for the backward pass than weights as they are."""
    folder = write_small(
        tmp_path, hidden_size=4096, intermediate_size=14336, num_attention_heads=32, num_hidden_layers=2
    )
    settings = SHORT.model_copy(update={"checkpointing": "on", "loss": "chunked"})
    shapes = read_shapes(folder)
    plain = planned(shapes, settings)
    packed = planned(shapes, settings.model_copy(update={"quantisation": "nf4"}))
    assert packed.activations < 1.1 * plain.activations
    assert packed.parameters < 0.3 * plain.parameters


def test_int8_keeps_other_things_on_a_gpu(tmp_path: Path) -> None:
    """There bitsandbytes quantises what comes in; on a processor it unpacks the weight."""
    shapes = read_shapes(write_small(tmp_path))
    settings = SHORT.model_copy(update={"quantisation": "int8"})
    assert planned(shapes, settings).total != planned(shapes, settings, device="cpu").total


def test_prompts_make_no_logits() -> None:
    """The loss is computed where a reply token is predicted."""
    shapes = shapes_of("llama", vocab_size=4096)
    assert planned(shapes, replies=0.25).total < planned(shapes).total


def test_several_gpus_hold_their_share() -> None:
    """Each of four holds a quarter of weights, gradients and states, and what is gathered for a layer's turn."""
    shapes = shapes_of("llama")
    settings = SHORT.model_copy(update={"method": "full"})
    alone = planned(shapes, settings)
    shared = planned(shapes, settings.model_copy(update={"processes": 4}))
    away = planned(shapes, settings.model_copy(update={"offload": True}))
    assert shared.optimiser == pytest.approx(alone.optimiser / 4, rel=0.01)
    assert (away.parameters, away.optimiser, away.gradients) == (0, 0, 0)
    assert away.total < shared.total < alone.total
    assert away.away > alone.parameters + alone.optimiser
    assert (alone.away, shared.away) == (0, 0)


def test_offloading_frees_no_processor() -> None:
    """Its memory is the machine's."""
    shapes = shapes_of("llama")
    settings = SHORT.model_copy(update={"method": "full"})
    alone = planned(shapes, settings, device="cpu")
    away = planned(shapes, settings.model_copy(update={"offload": True}), device="cpu")
    assert away.total >= alone.total
    assert away.away == 0


def test_a_model_that_caps_its_logits_gets_the_plain_loss() -> None:
    """As the training decides it."""
    assert choose_loss("auto", "cuda", shapes_of("gemma2")) == "plain"
    assert choose_loss("auto", "cpu", shapes_of("llama")) == "chunked"


def test_the_parts_are_the_total(tmp_path: Path) -> None:
    """Nothing is counted twice or left out."""
    found = planned(read_shapes(write_small(tmp_path)))
    assert found.total == sum(found.parts.values())
    assert set(found.parts) == set(Estimate.__dataclass_fields__) - {"phase", "away", "traced"}
