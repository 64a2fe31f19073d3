"""The arithmetic fits the hardware."""

import pytest
import torch

from trainer.training.hardware import Hardware, choose_arithmetic, look, should_checkpoint

A100 = Hardware(device="cuda", has_bf16=True)
T4 = Hardware(device="cuda", has_bf16=False)
EPYC = Hardware(device="cpu", has_bf16=True)
OLD_LAPTOP = Hardware(device="cpu", has_bf16=False)


@pytest.mark.parametrize(
    ("hardware", "dtype"),
    [(A100, torch.bfloat16), (T4, torch.float16), (EPYC, torch.bfloat16), (OLD_LAPTOP, torch.float32)],
)
def test_auto_goes_by_the_hardware(hardware: Hardware, dtype: torch.dtype) -> None:
    """bf16 where it is multiplied by itself, else fp16 on GPUs and fp32 on processors."""
    assert choose_arithmetic("auto", hardware).dtype == dtype


def test_a_named_precision_is_taken_at_its_word() -> None:
    """What the user asks for is not bettered; loss scaling belongs to fp16 alone."""
    assert choose_arithmetic("fp32", A100).dtype == torch.float32
    assert choose_arithmetic("fp16", EPYC).gradient_scaler().is_enabled()
    assert not choose_arithmetic("bf16", EPYC).gradient_scaler().is_enabled()


def test_large_models_keep_no_activations() -> None:
    """Auto computes activations again from half a billion parameters on; on and off are obeyed."""
    assert should_checkpoint("auto", 8_000_000_000)
    assert not should_checkpoint("auto", 4_000_000)
    assert should_checkpoint("on", 1)
    assert not should_checkpoint("off", 8_000_000_000)


def test_this_machine_can_be_looked_at() -> None:
    """Whatever this machine is, there is an arithmetic for it."""
    assert look().device in {"cpu", "cuda"}
