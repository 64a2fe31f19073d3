"""The textbook's formula: parameters + activations + gradients + optimiser.

It counts P numbers of a 16-bit model as follows:
- parameters: 2 P bytes;
- gradients: 2 P bytes;
- optimiser: 2 numbers for each parameter, in 16 bits too: 4 P bytes. AdamW's state is really kept in 32 bits;
- activations: one hidden state of 16 bits per token and layer: batch x sequence x hidden x layers x 2 bytes. That is
  what full checkpointing keeps; really a layer keeps some 17 times as much without it.

Of a model with 7e9 parameters, batch 2, sequence 1024, hidden 4096 and 32 layers it says 56 + 0.5 = 56.5 GB (of 1e9
bytes). It knows of no logits, no fp32 masters, no autocast copies and no allocator.
"""

from dataclasses import dataclass

BYTES = 2
STATES = 2
"""Numbers AdamW keeps for each parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Textbook:
    """The four parts, in bytes."""

    parameters: int
    gradients: int
    optimiser: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.gradients + self.optimiser + self.activations


def textbook(*, parameters: int, batch: int, sequence: int, hidden: int, layers: int) -> Textbook:
    """Reckon by the textbook, for full fine-tuning with AdamW, all in 16 bits."""
    return Textbook(
        parameters=BYTES * parameters,
        gradients=BYTES * parameters,
        optimiser=STATES * BYTES * parameters,
        activations=BYTES * batch * sequence * hidden * layers,
    )
