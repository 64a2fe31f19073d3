"""How much memory a step of training takes at its fullest moment, part by part.

Nothing here is fitted. A step is traced on two stand-ins that differ by a few decoder layers (trace.py); layers are
alike, so each further one adds what these few added, phase by phase; the fullest phase of the whole model is the peak.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

from connectors.train_settings import TrainSettings
from trainer.memory.shapes import Shapes
from trainer.memory.sharing import is_away, share
from trainer.memory.trace import KINDS, Moments, Step, trace
from trainer.training.hardware import should_checkpoint

Precision = Literal["bf16", "fp16", "fp32"]
DeviceKind = Literal["cuda", "cpu"]

KEPT = KINDS.index("activations")
"""So many kinds, the first ones, are kept from step to step, or until the optimiser's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is held on one device at the fullest moment of a step, in bytes.

    It is what the allocator has given out then (`torch.cuda.max_memory_allocated`). What a device needs beyond that,
    for its driver's own use and for gaps between tensors, `devices.py` adds.
    """

    parameters: int
    """The model's own weights, quantised or not; with full fine-tuning those that are trained."""
    adapter: int
    """What is trained beside them, with its masks."""
    gradients: int
    optimiser: int
    activations: int
    """What the layers keep for the backward pass."""
    loss: int
    """Logits and what is made of them."""
    workspace: int
    """What comes and goes within the fullest moment."""
    phase: str = ""
    """When that is: forward, loss, backward or update."""
    away: int = 0
    """What offloading keeps in the machine's memory instead, of all devices together, when that is most."""
    traced: int = 0
    """Decoder layers of the deepest model that was traced for it."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.parts.values())

    @property
    def parts(self) -> dict[str, int]:
        """The bytes by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name in KINDS}


def estimate(
    shapes: Shapes,
    settings: TrainSettings,
    *,
    batch: int,
    sequence: int,
    precision: Precision,
    device: DeviceKind,
    replies: float = 1.0,
    is_whole: bool = False,
    is_pure: bool = False,
) -> Estimate:
    """Estimate the peak of a step.

    Args:
        shapes: The model.
        settings: How it is trained.
        batch: Rows that go through the model together on one device.
        sequence: Tokens in a row.
        precision: The format of matrix products.
        device: Where it runs: a GPU keeps other things for the backward pass than a processor.
        replies: Share of the tokens that is learned from; the loss is computed for these.
        is_whole: Trace all layers instead of a few.
        is_pure: Train in the format of the products, as others do: no fp32 masters or adapters, no autocast.
    """
    step = Step(
        model=f"{shapes.name} {shapes.parameters}",
        config=shapes.config,
        settings=_what_matters(settings),
        layers=shapes.layers,
        batch=batch,
        sequence=sequence,
        replies=replies,
        precision=precision,
        device=device,
        is_checkpointed=should_checkpoint(settings.checkpointing, shapes.parameters),
        loss=choose_loss(settings.loss, device, shapes),
        is_pure=is_pure,
    )
    phases = None if is_whole else _extrapolate(step, shapes)
    moments = [(usage, phase) for phase, usages in phases or _trace(step).items() for usage in usages]
    fullest, phase = max(
        ((share(usage, settings, precision, device, shapes), phase) for usage, phase in moments),
        key=lambda moment: sum(moment[0]),
    )
    away = max(sum(usage[:KEPT]) for usage, _ in moments) if is_away(settings, device) else 0
    traced = step.layers if phases is None else max(_depths(shapes))
    return Estimate(**dict(zip(KINDS, fullest, strict=True)), phase=phase.partition(" ")[0], away=away, traced=traced)


def choose_loss(wanted: str, device: str, shapes: Shapes) -> str:
    """Return how the loss is computed, as `trainer.training.loss` decides it."""
    changes = ("final_logit_softcapping", "logit_scale", "logits_scaling")
    if any(getattr(shapes.config, name, None) not in (None, 1, 1.0) for name in changes):
        return "plain"
    if wanted == "auto":
        return "liger" if device == "cuda" and find_spec("liger_kernel") is not None else "chunked"
    return wanted


def _extrapolate(step: Step, shapes: Shapes) -> list[tuple[str, Moments]] | None:
    """Return the phases of the whole model, from two with fewer layers; None where its layers are not alike."""
    few, more = _depths(shapes)
    if more >= step.layers:
        return None
    small, large = _trace(replace(step, layers=few)), _trace(replace(step, layers=more))
    times = (step.layers - few) / (more - few)
    pairs = [(phase, small.get(one, []), large.get(other, [])) for phase, one, other in _pairs(few, more)]
    if any(len(one) != len(other) for phase, one, other in pairs if phase != "update"):
        return None
    return [(phase, _line(one, other, times)) for phase, one, other in pairs]


def _pairs(few: int, more: int) -> Iterator[tuple[str, str, str]]:
    """Yield the phases that stand for the same in both: those of the first layers, and those of the last."""
    yield from ((phase, phase, phase) for phase in ("loss", "update"))
    for way in ("forward", "backward"):
        # The last layer's forward phase ends with what comes after the layers: it is no first one of the larger model.
        yield from ((way, f"{way} {number}", f"{way} {number}") for number in range(few - (way == "forward")))
        yield from ((way, f"{way} {few - back}", f"{way} {more - back}") for back in range(few))


def _line(small: Moments, large: Moments, times: float) -> Moments:
    """Return the moments of the whole model: `times` further layers, each of which adds what the first of them did."""
    if len(small) != len(large):  # the optimiser's step, in which each number has its turn: its fullest moment counts
        small, large = [max(small, key=sum, default=())], [max(large, key=sum, default=())]
    return [
        tuple(max(0, round(a + (b - a) * times)) for a, b in zip(one, other, strict=True))
        for one, other in zip(small, large, strict=True)
    ]


def _depths(shapes: Shapes) -> tuple[int, int]:
    """Return two numbers of layers: where kinds of layers take turns, each kind is as often among those between."""
    kinds = getattr(shapes.config, "layer_types", None) or ["one"]
    period = next(n for n in range(1, len(kinds) + 1) if all(kinds[i] == kinds[i % n] for i in range(len(kinds))))
    few = max(2, period) + int(getattr(shapes.config, "first_k_dense_replace", 0) or 0)
    return few, few + period


@lru_cache(maxsize=256)
def _trace(step: Step) -> Mapping[str, Moments]:
    return trace(step)


def _what_matters(settings: TrainSettings) -> TrainSettings:
    """Return settings that differ only where a trace would."""
    plain = TrainSettings()
    kept = {"method", "variant", "quantisation", "rank", "dropout", "targets", "density", "packing", "optimiser"}
    values = settings.model_dump(include=kept)
    return plain.model_copy(update={**values, "accumulation": min(2, settings.accumulation)})
