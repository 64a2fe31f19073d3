"""A linear layer that trains some of its own numbers: its result, its gradient, and what it leaves behind."""

import pytest
import torch
from torch import nn

from trainer.methods import sparse
from trainer.methods.sparse import SparseLinear

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


def layers(dtype: torch.dtype = torch.float32) -> tuple[SparseLinear, nn.Linear]:
    """Return a layer with 40 values other than 0, and a plain one with the same values in its weight."""
    torch.manual_seed(3)
    base = nn.Linear(24, 36, dtype=dtype)
    layer = SparseLinear(base, 40)
    layer.take(torch.randperm(24 * 36)[:40].sort().values.to(torch.int32))
    layer.values.data.normal_()
    assert layer.positions is not None
    plain = nn.Linear(24, 36, dtype=dtype)
    plain.load_state_dict(base.state_dict())
    flat = plain.weight.data.view(-1)
    for place, value in zip(layer.positions.tolist(), layer.values.tolist(), strict=True):
        flat[place] = (flat[place].float() + value).to(dtype)
    return layer, plain


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_says_what_a_layer_with_the_values_in_its_weight_says(dtype: torch.dtype) -> None:
    """To the last bit, with and without gradients, in each format."""
    layer, plain = layers(dtype)
    x = torch.randn(2, 5, 24, dtype=dtype)
    assert torch.equal(layer(x), plain(x))
    with torch.no_grad():
        assert torch.equal(layer(x), plain(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_weight_stays_as_it_was(dtype: torch.dtype) -> None:
    """To the last bit: after a pass forward and backward, and after one that fails half-way."""
    layer, _ = layers(dtype)
    before = layer.weight.detach().clone()
    layer(torch.randn(5, 24, dtype=dtype)).sum().backward()
    assert torch.equal(layer.weight, before)
    with pytest.raises(RuntimeError):
        layer(torch.randn(5, 23, dtype=dtype))
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("block", [24, 100, 10**6])
def test_gradients_are_those_of_the_weight_at_the_chosen_places(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """And those of the input are right too, however many rows are computed at a time."""
    monkeypatch.setattr(sparse, "BLOCK", block)
    layer, plain = layers()
    assert layer.positions is not None
    x = torch.randn(2, 5, 24, requires_grad=True)
    again = x.detach().clone().requires_grad_()
    layer(x).square().sum().backward()
    plain(again).square().sum().backward()
    assert layer.values.grad is not None
    assert plain.weight.grad is not None
    torch.testing.assert_close(layer.values.grad, plain.weight.grad.view(-1)[layer.positions.long()])
    torch.testing.assert_close(x.grad, again.grad)
    assert layer.weight.grad is None


def test_gradients_agree_with_differences() -> None:
    """By torch's own numerical check, in fp64."""
    layer, _ = layers(torch.float64)
    x = torch.randn(3, 24, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (x,))


def test_no_copy_of_the_weight_is_kept() -> None:
    """What a pass holds for its gradient is the input and the values."""
    layer, _ = layers()
    kept: list[torch.Size] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        layer(torch.randn(5, 24, requires_grad=True))
    assert sorted(kept) == [torch.Size([5, 24]), torch.Size([40])]


def test_it_refuses_to_train_what_was_not_chosen() -> None:
    """Training goes nowhere in silence; measuring needs no choice, for nothing is learned yet."""
    base = nn.Linear(24, 36)
    layer, x = SparseLinear(base, 40), torch.randn(5, 24)
    with pytest.raises(RuntimeError, match="choose"):
        layer(x)
    with torch.no_grad():
        assert torch.equal(layer(x), base(x))


def test_switched_off_it_is_the_layer_it_was_made_from() -> None:
    """To the last bit, and gradients reach the weight itself."""
    layer, _ = layers()
    layer.is_off = True
    x = torch.randn(5, 24)
    assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert layer.values.grad is None


@pytest.mark.parametrize("dtype", DTYPES)
def test_settled_it_says_the_same(dtype: torch.dtype) -> None:
    """Merging is exact to the last bit."""
    layer, _ = layers(dtype)
    x = torch.randn(5, 24, dtype=dtype)
    before = layer(x)
    layer.settle()
    assert torch.equal(layer.plain()(x), before)


def test_compiled_it_is_the_same() -> None:
    """What torch.compile makes of the layer has the same result and gradient, and leaves the weight alone too."""
    layer, _ = layers()
    x = torch.randn(5, 24)
    before, expected = layer.weight.detach().clone(), layer(x)
    expected.square().sum().backward()
    assert layer.values.grad is not None
    gradient = layer.values.grad.clone()
    layer.zero_grad()
    result = torch.compile(layer, backend="aot_eager")(x)
    result.square().sum().backward()
    assert torch.equal(result, expected)
    torch.testing.assert_close(layer.values.grad, gradient)
    assert torch.equal(layer.weight, before)
