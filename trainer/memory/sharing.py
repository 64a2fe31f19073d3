"""What one device holds where several share a model, or where the machine's memory keeps what is not needed now.

Each device keeps its share of all numbers, gradients and states (FSDP). For a layer's turn the whole layer is gathered,
and the next one while it is being worked on; embeddings and the output layer stay gathered for the whole step. In full
fine-tuning the gradients of what was just worked on are there whole, too, and once more in fp32 while they are summed.
With offloading a GPU holds only what is gathered; a processor gains nothing by it.

The trace is one of a process alone, whose autocast keeps copies of fp32 weights; where weights are gathered in the
format of the products there are none. So full fine-tuning on several devices takes up to 2 bytes per parameter less.
"""

from connectors.train_settings import TrainSettings
from trainer.memory.shapes import Shapes
from trainer.memory.trace import Usage

GATHERED_LAYERS = 2
"""The one at work and the next."""
_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


def is_away(settings: TrainSettings, device: str) -> bool:
    """Tell whether offloading frees a device: a processor's memory is the machine's own."""
    return settings.offload and device == "cuda"


def share(usage: Usage, settings: TrainSettings, precision: str, device: str, shapes: Shapes) -> Usage:
    """Return what one device holds of what one alone would."""
    if settings.processes == 1 and not settings.offload:
        return usage
    part = 0.0 if is_away(settings, device) else 1 / settings.processes
    parameters, adapter, gradients, optimiser, activations, loss, workspace = usage
    gathered = _gathered(parameters, precision, settings, shapes)
    kept = (round(each * part) for each in (parameters, adapter, gradients, optimiser))
    return (*kept, activations, loss, workspace + gathered)


def _gathered(held: int, precision: str, settings: TrainSettings, shapes: Shapes) -> int:
    """Return the bytes of what is gathered at a time: in the format of the products, or packed as it is kept."""
    size = _BYTES[precision]
    outside = shapes.vocabulary * shapes.hidden * (1 if shapes.is_tied else 2)
    layer = (shapes.parameters - outside) / shapes.layers
    per_number = size if settings.quantisation == "none" else (held - outside * size) / (layer * shapes.layers)
    reduced = (size + _BYTES["fp32"]) * max(layer, outside) if settings.method == "full" else 0
    return round(outside * size + GATHERED_LAYERS * layer * per_number + reduced)
