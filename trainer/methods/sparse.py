"""A linear layer some of whose own numbers are trained, and the others not.

The rules this module keeps:
1. The layer calculates with its weight, to chosen numbers of which the trained values are added: what it says is what
   a layer says into whose weight they were merged, to the last bit.
2. No copy of the weight is made. The sums stand in the weight while one product is computed; then the numbers that
   stood there before are put back, to the last bit, whatever happens.
3. The gradient of a value is that of its number in the weight. It is computed some rows of the weight at a time, so
   that the gradient of the whole weight is never there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

BLOCK = 2**23
"""Numbers of a weight whose gradient is there at once: 16 MB in bf16."""


class SparseLinear(nn.Linear):
    """The layer. It shares the weight and the bias of the layer it is made from."""

    positions: torch.Tensor | None

    def __init__(self, layer: nn.Linear, count: int) -> None:
        """Stand in for a layer, `count` of whose numbers are to be trained."""
        super().__init__(layer.in_features, layer.out_features, bias=False, device="meta")
        self.weight, self.bias = layer.weight, layer.bias
        self.values = nn.Parameter(torch.zeros(count, dtype=torch.float32, device=layer.weight.device))
        """What is added to the numbers; fp32, because steps are far smaller than bf16 tells apart."""
        self.register_buffer("positions", None)
        self.is_off = False
        """Whether the layer is to be as it was before anything was learned."""
        self._blocks: list[tuple[int, int, int, int]] = []

    def take(self, positions: torch.Tensor) -> None:
        """Say which numbers are trained: their places in the flattened weight, ascending, as int32."""
        assert positions.shape == self.values.shape
        self.positions = positions.to(self.weight.device)
        rows = max(1, BLOCK // self.in_features)
        starts = list(range(0, self.out_features, rows))
        ends = [min(start + rows, self.out_features) for start in starts]
        borders = torch.searchsorted(positions.cpu().long(), torch.tensor(ends) * self.in_features).tolist()
        self._blocks = list(zip(starts, ends, [0, *borders[:-1]], borders, strict=True))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [..., out] of [..., in], in the weight's format."""
        if self.is_off or (self.positions is None and not torch.is_grad_enabled()):
            return super().forward(x)
        if self.positions is None:
            raise RuntimeError("choose which numbers are trained before training them")
        result: torch.Tensor = _Product.apply(x.to(self.weight.dtype), self.values, self)  # type: ignore[no-untyped-call]
        return result

    @contextmanager
    def filled(self) -> Iterator[torch.Tensor]:
        """Yield the weight with the values in it."""
        assert self.positions is not None
        # `detach` hides this from autograd's look-out for changed tensors: nothing is changed when it looks.
        flat, places = self.weight.detach().view(-1), self.positions.long()
        before = flat[places]
        flat[places] = (before.float() + self.values.detach()).to(flat.dtype)
        try:
            yield flat.view(self.weight.shape)
        finally:
            flat[places] = before

    def gradient(self, upper: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the values, from that of the result [n, out] and the input [n, in]."""
        assert self.positions is not None
        found = torch.empty_like(self.values)
        for start, end, first, last in self._blocks:
            whole = upper[:, start:end].t() @ x
            found[first:last] = whole.view(-1)[self.positions[first:last].long() - start * self.in_features].float()
        return found

    @torch.no_grad()
    def settle(self) -> None:
        """Put the values into the weight for good."""
        assert self.positions is not None
        flat, places = self.weight.data.view(-1), self.positions.long()
        flat[places] = (flat[places].float() + self.values).to(flat.dtype)
        self.is_off = True

    def plain(self) -> nn.Linear:
        """Return the plain layer that has the same weight and bias."""
        plain = nn.Linear(self.in_features, self.out_features, bias=False, device="meta")
        plain.weight, plain.bias = self.weight, self.bias
        return plain


def sparse_layers(model: nn.Module) -> dict[str, SparseLinear]:
    """Return the layers of this kind by name."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, SparseLinear)}


class _Product(torch.autograd.Function):
    """The product of the input and the filled weight. It keeps the input, not the weight."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, values: torch.Tensor, layer: SparseLinear) -> torch.Tensor:  # noqa: ANN401  torch's own
        ctx.save_for_backward(x, values)
        ctx.layer = layer
        with torch.autocast(x.device.type, enabled=False), layer.filled() as weight:
            return functional.linear(x, weight, layer.bias)

    @staticmethod
    def backward(ctx: Any, upper: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:  # noqa: ANN401  as above
        x, _ = ctx.saved_tensors  # which also makes sure that the values are still those of the forward pass
        layer: SparseLinear = ctx.layer
        to_x = to_values = None
        if ctx.needs_input_grad[0]:
            with layer.filled() as weight:
                to_x = upper @ weight
        if ctx.needs_input_grad[1]:
            to_values = layer.gradient(upper.reshape(-1, layer.out_features), x.reshape(-1, layer.in_features))
        return to_x, to_values, None
