"""Run one step of training on a stand-in: the real model, method, loss and optimiser, on tensors without memory.

What comes out is how much is held, and for what, each time that something is added, phase by phase of the step. The
phases are forward N (of layer N), loss, backward N (from layer N's result on) and update.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import PretrainedConfig

from connectors.train_settings import TrainSettings
from trainer.data.packing import Batch, Example, collate
from trainer.memory.as_cuda import as_cuda
from trainer.memory.ledger import Counting, Ledger
from trainer.memory.losses import NLLS
from trainer.memory.stand_in import build_stand_in, fill, held
from trainer.memory.state import Update
from trainer.training.hardware import DTYPES, Arithmetic

GRANULE = 512
"""To how many bytes the GPU's allocator rounds up."""

KINDS = ("parameters", "adapter", "gradients", "optimiser", "activations", "loss", "workspace")

Usage = tuple[int, ...]
"""Bytes of each kind, in the order of `KINDS`."""
Moments = list[Usage]
"""What was held each time that something had been added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is traced."""

    model: str
    """Its name; traces of the same step are the same."""
    config: PretrainedConfig = field(repr=False, compare=False)
    settings: TrainSettings
    layers: int
    batch: int
    """Rows that go through the model together."""
    sequence: int
    """Tokens of each row."""
    replies: float
    """Share of each row that is learned from."""
    precision: str
    device: str
    is_checkpointed: bool
    loss: str
    is_pure: bool = False
    """Whether what is trained has the format of the products too: no fp32, no autocast. Cyrano does not train so."""


def trace(step: Step) -> dict[str, Moments]:
    """Return what is held in each phase of a step."""
    ledger = Ledger(granule=GRANULE if step.device == "cuda" else 1)
    model = build_stand_in(
        step.config,
        step.settings,
        DTYPES[step.precision],
        layers=step.layers,
        is_checkpointed=step.is_checkpointed,
        is_pure=step.is_pure,
    )
    batch = make_batch(step)
    with _without_memory(ledger, step.device):
        fill(model)
        kinds = {ledger.note(tensor): kind for tensor, kind in held(model)}
        update = Update(model, step.settings, is_on_gpu=step.device == "cuda")
        kinds |= {ledger.note(tensor): "optimiser" for tensor in update.state}
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if step.settings.accumulation > 1:  # all but the first batch of a step find gradients there
            for parameter in trained:
                parameter.grad = torch.empty_like(parameter)
        _learn(model, batch, step, ledger)
        kinds |= {ledger.note(each.grad): "gradients" for each in trained if each.grad is not None}
        ledger.enter("update")
        update.step()
    return _replay(ledger, kinds)


def make_batch(step: Step) -> Batch:
    """Return a batch of full rows. Packed ones hold a short example more: so they need the mask that packing needs."""
    learned = max(1, round(step.replies * step.sequence))

    def example(length: int) -> Example:
        prompt = max(1, length - learned)
        return Example(message_id="", tokens=(0,) * length, prompt_tokens=prompt, reply_bytes=1)

    if step.settings.packing and step.sequence > 2 * SHORT:
        return collate([[example(step.sequence - SHORT), example(SHORT)] for _ in range(step.batch)])
    return collate([[example(step.sequence)] for _ in range(step.batch)])


SHORT = 2


@contextmanager
def _without_memory(ledger: Ledger, device: str) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        if device == "cuda":
            stack.enter_context(as_cuda())
        stack.enter_context(Counting(ledger))
        yield


def _learn(model: nn.Module, batch: Batch, step: Step, ledger: Ledger) -> None:
    """Go through a step, and say where in it one is."""
    arithmetic = Arithmetic(device="cpu", dtype=torch.float32 if step.is_pure else DTYPES[step.precision])
    marks = _mark(model, ledger, step.layers)
    ledger.enter("forward 0")
    with arithmetic.autocast():
        loss = NLLS[step.loss](model, batch) / batch.targets.numel()
    loss.backward()  # type: ignore[no-untyped-call]
    for mark in marks:
        mark.remove()


def _mark(model: nn.Module, ledger: Ledger, layers: int) -> list[torch.utils.hooks.RemovableHandle]:
    """Have the ledger told when a layer or the output begins, and when gradients reach a layer's result."""

    def begun(phase: str) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            if not ledger.phase.startswith("backward"):  # where checkpointing goes through a layer again
                ledger.enter(phase)
            if phase == "loss" and inputs[0].requires_grad:
                inputs[0].register_hook(lambda _: ledger.enter(f"backward {layers}"))  # type: ignore[no-untyped-call]

        return hook

    def ended(phase: str) -> Callable[..., None]:
        def hook(_: nn.Module, __: object, output: object) -> None:
            result = output[0] if isinstance(output, tuple) else output
            if isinstance(result, torch.Tensor) and result.requires_grad:
                result.register_hook(lambda _: ledger.enter(phase))  # type: ignore[no-untyped-call]

        return hook

    head: nn.Module = model.get_output_embeddings()  # type: ignore[operator]
    marks = [head.register_forward_pre_hook(begun("loss"))]
    for number, layer in enumerate(_layers(model, layers)):
        marks.append(layer.register_forward_pre_hook(begun(f"forward {number}")))
        marks.append(layer.register_forward_hook(ended(f"backward {number}")))
    return marks


def _layers(model: nn.Module, layers: int) -> nn.ModuleList:
    lists = [each for each in model.modules() if isinstance(each, nn.ModuleList) and len(each) == layers]
    return max(lists, key=lambda each: sum(parameter.numel() for parameter in each.parameters()))


def _replay(ledger: Ledger, kinds: Mapping[int, str]) -> dict[str, Moments]:
    """Go through all that came and went."""
    now = [0] * len(KINDS)
    phases: dict[str, Moments] = {}
    moments: Moments = []
    for event in ledger.events:
        if isinstance(event, str):
            moments = phases.setdefault(event, [])
            continue
        piece = ledger.pieces[abs(event) - 1]
        kind = kinds.get(abs(event)) or _kind(piece.phase)
        now[KINDS.index(kind)] += piece.bytes if event > 0 else -piece.bytes
        if event > 0:
            moments.append(tuple(now))
    return phases


def _kind(phase: str) -> str:
    """Return what memory that came in a phase is for, if it is nothing that stays."""
    return {"": "parameters", "forward": "activations", "loss": "loss"}.get(phase.partition(" ")[0], "workspace")
