"""Compiled layers say the same, under the same names."""

from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters

from connectors.errors import UsageError
from tests.trainer.learners import EXAMPLES, FP32, SETTINGS, replies, wrapped
from trainer.training import compiling, loop
from trainer.training.compiling import LONG_RUN, decoder_layers, should_compile
from trainer.training.workers import trained


@pytest.mark.parametrize(
    ("switch", "device", "steps", "expected"),
    [
        ("off", "cuda", 10 * LONG_RUN, False),
        ("auto", "cpu", 10 * LONG_RUN, False),
        ("auto", "cuda", LONG_RUN - 1, False),
        ("auto", "cuda", LONG_RUN, True),
        ("on", "cpu", 1, True),
    ],
)
def test_auto_compiles_for_long_runs_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, switch: str, device: str, steps: int, *, expected: bool
) -> None:
    """On and off are obeyed; where all that it takes is there, auto weighs the slow start against the steps."""
    monkeypatch.setattr(compiling, "_missing", lambda _device: "")
    assert should_compile(switch, device, steps) == expected  # type: ignore[arg-type]


def test_without_a_compiler_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, it is an error with advice; auto goes on without."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="compiler") as caught:
        should_compile("on", "cpu", 1)
    assert "compile" in caught.value.hint
    assert not should_compile("auto", "cpu", 10 * LONG_RUN)


def test_the_decoders_layers_are_found_under_every_wrapper(tiny: Path) -> None:
    """In a bare model and in a wrapped one."""
    model = wrapped(tiny, SETTINGS)
    assert [type(layer).__name__ for layer in decoder_layers(model)] == ["LlamaDecoderLayer"] * 2


@pytest.mark.process
def test_compiled_layers_learn_the_same_and_keep_their_names(tiny: Path) -> None:
    """Loss and gradient are equal within 1e-5, for batches of all shapes by few compilations; no name changes."""
    found = {}
    for switch in ("off", "on"):
        torch._dynamo.reset()
        counters.clear()
        settings = SETTINGS.model_copy(update={"dropout": 0.0, "compile": switch, "batch_size": 8})
        model = wrapped(tiny, settings)
        training = loop.prepare(model, replies(settings), settings, arithmetic=FP32, total=1)
        slopes = []
        for start in range(0, 24, 4):
            loss = loop._add_gradients(training, EXAMPLES[start : start + 4 + start % 3])
            slopes += [loss, *(each.grad.clone() for each in trained(model).values() if each.grad is not None)]
        found[switch] = (list(trained(model)), slopes)
    # The first layer and the others; not one for each of the six shapes.
    assert counters["stats"]["unique_graphs"] == 2
    assert found["on"][0] == found["off"][0]
    for compiled, plain in zip(found["on"][1], found["off"][1], strict=True):
        torch.testing.assert_close(compiled, plain, rtol=1e-4, atol=1e-5)
