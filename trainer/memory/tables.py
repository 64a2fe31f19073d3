"""What the planner says, as lines for a person: at most 100 columns wide."""

from collections.abc import Iterator, Sequence

from trainer.memory.devices import CONTEXT_BYTES, FRAGMENTS, GIB, Device
from trainer.memory.estimate import Estimate, choose_loss
from trainer.memory.fit import MOST_ROWS, Plan, Verdict
from trainer.memory.textbook import textbook
from trainer.training.hardware import should_checkpoint

MEANINGS = {
    "parameters": "the model's own weights",
    "adapter": "what is trained beside them",
    "gradients": "one number for each that is trained",
    "optimiser": "what AdamW keeps between steps",
    "activations": "what the layers keep for the backward pass",
    "loss": "logits, and what is made of them",
    "workspace": "what comes and goes",
}
_UNITS = ((1e9, "billion"), (1e6, "million"))


def gib(size: float) -> str:
    """Say a number of bytes in GiB."""
    return f"{size / GIB:,.2f}"


def heading(plan: Plan) -> Iterator[str]:
    """Say what is planned."""
    settings, shapes = plan.settings, plan.shapes
    checkpointing = "with" if should_checkpoint(settings.checkpointing, shapes.parameters) else "without"
    loss = choose_loss(settings.loss, plan.device.kind, shapes)
    steps = f", {settings.accumulation} batches a step" if settings.accumulation > 1 else ""
    spread = f", over {settings.processes} GPUs" if settings.processes > 1 else ""
    yield f"{shapes.name}: {_count(shapes.parameters)} parameters in {shapes.layers} layers; {method_name(plan)}"
    yield (
        f"{plan.precision}, {plan.batch} x {plan.sequence:,} tokens{steps}{spread}, {checkpointing} checkpointing, "
        f"{loss} loss, {settings.optimiser}{', offloaded' if settings.offload else ''}"
    )


def parts(found: Estimate) -> Iterator[str]:
    """List what is held at the fullest moment."""
    yield f"{'at the peak':<12}{'GiB':>9}  {'share':>5}"
    for name, size in found.parts.items():
        yield f"{name:<12}{gib(size):>9}  {size / found.total:>5.0%}  {MEANINGS[name]}"
    yield f"{'total':<12}{gib(found.total):>9}         reached in the {_PHASES[found.phase]}"


_PHASES = {
    "forward": "forward pass",
    "loss": "loss",
    "backward": "backward pass",
    "update": "optimiser's step",
}


def verdict_lines(plan: Plan, verdict: Verdict, most: int | None) -> Iterator[str]:
    """Say whether it fits, and what would."""
    device = plan.device
    where = f"{device.name} ({gib(device.memory_bytes)} GiB)"
    if verdict.is_fit:
        least = "at least " if most == MOST_ROWS else ""
        largest = f" The largest batch that fits is {least}{most}." if most else ""
        yield f"It fits {where}: {gib(verdict.room)} GiB are left.{largest}"
    else:
        yield f"It does not fit {where}: {gib(-verdict.room)} GiB are missing."
        yield from advice_lines(verdict)
    if verdict.estimate.away:
        yield f"Beside it, {gib(verdict.estimate.away)} GiB of the machine's memory are needed to offload to."
    yield reserve_line(device)


def advice_lines(verdict: Verdict) -> Iterator[str]:
    """Say what would make it fit."""
    if not verdict.advice:
        yield "No change of settings that is known here makes it fit: take a smaller model or a larger device."
        return
    yield "It would with these lines in cyrano.toml:"
    yield "    [train]"
    yield from (f"    {line}" for line in verdict.advice)


def reserve_line(device: Device) -> str:
    """Say what is kept free beside the tensors."""
    if device.kind == "cuda":
        context = f"{gib(CONTEXT_BYTES)} GiB for the driver"
        return f"Kept free beside it: {context} and {FRAGMENTS:.0%} for gaps between tensors (assumed)."
    kept = gib(device.memory_bytes - device.usable_bytes)
    return f"Kept free beside it: {kept} GiB for programs and libraries (assumed)."


def matrix_lines(cells: Sequence[tuple[str, Sequence[int]]], batches: Sequence[int], device: Device) -> Iterator[str]:
    """Tell the peak of each method and batch size in GiB; x where it does not fit."""
    yield f"{'GiB':<22}" + "".join(f"{f'batch {batch}':>12}" for batch in batches)
    for name, sizes in cells:
        shown = (_cell(size, device) for size in sizes)
        yield f"{name:<22}" + "".join(f"{text:>12}" for text in shown)
    yield f"x does not fit {device.name} ({gib(device.memory_bytes)} GiB)."


def textbook_lines(plan: Plan) -> Iterator[str]:
    """Tell what the textbook says beside what really happens, for full fine-tuning with AdamW."""
    book = textbook(
        parameters=plan.shapes.parameters,
        batch=plan.batch,
        sequence=plan.sequence,
        hidden=plan.shapes.hidden,
        layers=plan.shapes.layers,
    )
    really = plan.changed(method="full", variant="plain", quantisation="none", optimiser="adamw")
    kept, again = (really.changed(checkpointing=switch).estimate() for switch in ("off", "on"))
    yield f"{'full, GB of 1e9 bytes':<24}{'textbook':>10}{'planner':>10}{'with checkpointing':>20}"
    for name in ("parameters", "gradients", "optimiser"):
        yield _row(name, getattr(book, name), getattr(kept, name), getattr(again, name))
    yield _row(
        "activations", book.activations, *(each.activations + each.loss + each.workspace for each in (kept, again))
    )
    yield _row("total", book.total, kept.total, again.total)
    classic = textbook(parameters=7_000_000_000, batch=2, sequence=1024, hidden=4096, layers=32)
    yield "The textbook takes all for 16 bits, AdamW's state too, and counts one hidden state per token and layer."
    yield (
        "Its example (7e9 parameters, batch 2, sequence 1,024, hidden 4,096, 32 layers) gives "
        f"{classic.total / 1e9:.1f} GB."
    )


def _row(name: str, book: int, kept: int, again: int) -> str:
    return f"{name:<24}{book / 1e9:>10.1f}{kept / 1e9:>10.1f}{again / 1e9:>20.1f}"


def method_name(plan: Plan) -> str:
    """Say how it is trained."""
    settings = plan.settings
    if settings.method == "full":
        return "full fine-tuning"
    name = settings.variant if settings.method == "lora" and settings.variant != "plain" else settings.method
    packed = "" if settings.quantisation == "none" else f" on {settings.quantisation} weights"
    return f"{name} of rank {settings.rank}{packed}"


def _cell(size: int, device: Device) -> str:
    return gib(size) + (" " if size <= device.usable_bytes else "x")


def _count(number: int) -> str:
    for size, name in _UNITS:
        if number >= size:
            return f"{number / size:.2f} {name}"
    return f"{number:,}"
