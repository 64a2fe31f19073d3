"""The loss: on the reply only, the same by every way to compute it, and small where it says so."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

from connectors.errors import UsageError
from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, make, wrapped
from trainer.data.packing import Batch
from trainer.memory.peak import measure_peak
from trainer.methods import METHODS
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte, packed, packed_for, plain_nll, reply_nll
from trainer.training.output_layer import chunked_nll, has_plain_output, is_last, liger_nll, output_layer

CPU = torch.device("cpu")
SHAPE: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "pad_token_id": 0,
}


def small_chunks(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Compute the loss with the logits of 7 tokens at a time, which no number of examples divides."""
    return chunked_nll(model, batch, chunk_numbers=7 * 300)


def compare(model: nn.Module, *, rtol: float = 1e-5, arithmetic: Arithmetic = FP32) -> None:
    """Assert that chunks give the plain loss, and the plain gradient of everything that is trained."""
    batch = packed(EXAMPLES[:6])
    found = []
    for nll in (plain_nll, small_chunks):
        model.zero_grad()
        with arithmetic.autocast():
            loss = nll(model, batch) / 50
        loss.backward()  # type: ignore[no-untyped-call]
        found.append((loss, {name: each.grad for name, each in model.named_parameters() if each.requires_grad}))
    (plain, slopes), (loss, chunked) = found
    torch.testing.assert_close(loss, plain, rtol=rtol, atol=0)
    assert any(slope is not None and slope.any() for slope in slopes.values())
    for name, slope in slopes.items():
        assert slope is not None, name
        found_slope = chunked[name]
        assert found_slope is not None, name
        assert (found_slope - slope).norm() <= rtol * slope.norm() + 1e-8, name


def lora(targets: str | tuple[str, ...] = "all-linear") -> TrainSettings:
    """Return settings without dropout, which would draw other numbers for other chunks."""
    return SETTINGS.model_copy(update={"dropout": 0.0, "targets": targets})


def stirred(model: nn.Module) -> nn.Module:
    """Give every adapter something to say: a fresh one has a zero in every product."""
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)
    return model


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("targets", ["all-linear", ("q_proj", "lm_head"), ("lm_head",)])
def test_chunks_give_the_plain_loss_and_gradient(
    tiny: Path, targets: str | tuple[str, ...], *, checkpointing: bool
) -> None:
    """Within 1e-5, with adapters on the output layer too, and with activations computed again."""
    model = stirred(wrapped(tiny, lora(targets)))
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    compare(model)


@pytest.mark.parametrize("is_tied", [False, True])
def test_chunks_train_the_output_layer_itself(*, is_tied: bool) -> None:
    """Under full fine-tuning its weight gets its gradient; where it is the embedding's too, the sum of both."""
    torch.manual_seed(0)
    compare(LlamaForCausalLM(LlamaConfig(**SHAPE, tie_word_embeddings=is_tied)))


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.bfloat16, 2e-2), (torch.float16, 2e-3)])
def test_chunks_calculate_in_16_bits_too(tiny: Path, dtype: torch.dtype, rtol: float) -> None:
    """Under autocast they differ from the plain way by rounding alone, for fp32 masters and for 16-bit weights."""
    arithmetic = Arithmetic(device="cpu", dtype=dtype)
    torch.manual_seed(0)
    compare(LlamaForCausalLM(LlamaConfig(**SHAPE)), rtol=rtol, arithmetic=arithmetic)
    compare(stirred(wrapped(tiny, lora()).to(dtype)), rtol=rtol, arithmetic=arithmetic)


def test_chunks_work_on_quantised_weights(tiny: Path) -> None:
    """A base in 4 bits gives the plain loss and gradient too."""
    from trainer.training.model import load_model  # noqa: PLC0415  beside its only user

    base = load_model(str(tiny), torch.float32, "cpu", quantisation="nf4")
    compare(stirred(METHODS["lora"].wrap(base, lora())))


def test_chunks_never_hold_the_logits_of_a_batch() -> None:
    """Forward and backward together peak below the size of the logits alone; the plain way holds several of these."""
    vocabulary = 20_000
    model = LlamaForCausalLM(LlamaConfig(**{**SHAPE, "vocab_size": vocabulary}))
    for name, parameter in model.named_parameters():
        parameter.requires_grad = "lm_head" not in name
    batch = packed([make(60, start=index, prompt=4) for index in range(4)])
    logits = len(batch.targets) * vocabulary * 4
    peaks = {}
    for name, nll in (("plain", plain_nll), ("chunked", lambda m, b: chunked_nll(m, b, chunk_numbers=2**18))):
        with measure_peak("cpu") as peak:
            nll(model, batch).backward()  # type: ignore[no-untyped-call]
        peaks[name] = peak.bytes
    assert peaks["chunked"] < 0.5 * logits
    assert peaks["plain"] > 2 * logits


@pytest.mark.parametrize(
    "model",
    [
        GraniteForCausalLM(GraniteConfig(**SHAPE, logits_scaling=8.0)),
        CohereForCausalLM(CohereConfig(**SHAPE, logit_scale=0.0625)),
        Gemma2ForCausalLM(Gemma2Config(**SHAPE, final_logit_softcapping=30.0)),
    ],
    ids=["granite", "cohere", "gemma2"],
)
def test_a_model_that_changes_its_logits_afterwards_gets_the_plain_loss(model: nn.Module) -> None:
    """Factors and caps on the logits are found out, and are in the loss whatever way was asked for."""
    assert not is_last(model, CPU)
    batch = packed(EXAMPLES[:3])
    with torch.no_grad():
        plain = plain_nll(model.eval(), batch)
        assert not torch.allclose(chunked_nll(model, batch), plain, rtol=1e-5)
        for way in ("auto", "chunked"):
            assert torch.equal(reply_nll(model, batch, way=way), plain)  # type: ignore[arg-type]


def test_finding_out_leaves_no_trace(tiny: Path) -> None:
    """Mode, random numbers and output layer are as before; an ordinary model's logits are its output layer's."""
    model = wrapped(tiny, SETTINGS).train()
    before = torch.get_rng_state()
    assert is_last(model, CPU)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert "forward" not in vars(output_layer(model))


def test_the_output_layer_is_itself_again_after_an_error(tiny: Path) -> None:
    """A loss that fails half-way, for want of memory say, does not leave a model that answers losses."""
    model = wrapped(tiny, SETTINGS)
    batch = packed(EXAMPLES[:2])
    with pytest.raises(IndexError):
        chunked_nll(model, Batch(**{**{n: getattr(batch, n) for n in Batch.__slots__}, "targets": batch.targets + 900}))
    assert model(input_ids=batch.input_ids).logits.shape[-1] > 300


class StandIn(nn.Module):
    """Answers as Liger's kernel does, which needs a GPU: its arguments, by its names."""

    def __init__(self, *, reduction: str, accum_dtype: torch.dtype) -> None:
        super().__init__()
        assert accum_dtype == torch.float32
        self._reduction = reduction

    def forward(
        self, lin_weight: torch.Tensor, _input: torch.Tensor, target: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the loss over [tokens, width]."""
        return functional.cross_entropy(
            functional.linear(_input, lin_weight, bias).float(), target, reduction=self._reduction
        )


def test_ligers_kernel_is_called_with_the_reply_tokens(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the hidden states that predict a reply token and the output layer's weight, and gives the plain loss."""
    kernels = ModuleType("liger_kernel.transformers")
    kernels.LigerFusedLinearCrossEntropyLoss = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "liger_kernel", ModuleType("liger_kernel"))
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", kernels)
    model, batch = wrapped(tiny, lora()), packed(EXAMPLES[:4])
    torch.testing.assert_close(liger_nll(model, batch), plain_nll(model, batch), rtol=1e-5, atol=0)
    assert has_plain_output(model)
    assert not has_plain_output(wrapped(tiny, lora(("lm_head",))))


def test_ligers_kernel_without_a_gpu_is_an_error_with_advice(tiny: Path) -> None:
    """Who asks for it where it cannot run is told so before the first step."""
    with pytest.raises(UsageError, match="GPU") as caught:
        reply_nll(wrapped(tiny, SETTINGS), packed(EXAMPLES[:2]), way="liger")
    assert "loss" in caught.value.hint


def test_padded_rows_have_the_loss_of_packed_ones(tiny: Path) -> None:
    """Each example loses the same in a row of its own, in a shared one, and alone."""
    model = wrapped(tiny, SETTINGS).eval()
    with torch.no_grad():
        alone = [reply_nll(model, packed([example])).item() for example in EXAMPLES[:5]]
        padded = reply_nll(model, packed(EXAMPLES[:5], is_packed=False)).item()
        shared = reply_nll(model, packed(EXAMPLES[:5])).item()
    assert padded == pytest.approx(sum(alone), rel=1e-5)
    assert shared == pytest.approx(sum(alone), rel=1e-5)


def test_flash_attention_gets_one_row(tiny: Path) -> None:
    """It reads the borders between examples in a batch of a single row only, and that has no filler."""
    model = wrapped(tiny, SETTINGS)
    assert packed_for(model, EXAMPLES[:6]).input_ids.shape[0] > 1
    model.config._attn_implementation = "flash_attention_2"  # type: ignore[union-attr]
    row = packed_for(model, EXAMPLES[:6])
    assert row.input_ids.shape == (1, sum(len(example.tokens) for example in EXAMPLES[:6]))


def test_measuring_is_the_same_by_every_way(tiny: Path) -> None:
    """Held-out losses do not depend on how they were computed."""
    model = wrapped(tiny, SETTINGS)
    plain = nats_per_byte(model, HELD_OUT, FP32, 2, way="plain")
    assert nats_per_byte(model, HELD_OUT, FP32, 4, way="chunked") == pytest.approx(plain, rel=1e-5)
