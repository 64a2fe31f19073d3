"""What a GPU makes of the trainer, as a report under `trainer/reports/`: random weights of real shapes.

Run it from the root on a machine with a GPU: `python -m tests.bench.gpu`. With `--tiny` all of it runs on a processor
in some minutes, with a tiny model: that shows that the script works, and nothing about a GPU. Each row is a process of
its own; a run that was killed goes on where it stopped. Examples are as long as mails, and everybody gets the same.
"""

import argparse
import functools
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from connectors.train_settings import TrainSettings
from tests.bench.packing import make_examples
from trainer.memory.shapes import CONFIGS
from trainer.pages.numbers import UNKNOWN
from trainer.pages.page import Cell, Page, Plot, Section, Table, write_page
from trainer.profiling.children import carry_out
from trainer.profiling.material import MATERIAL, Material, read_material
from trainer.profiling.records import ORDER, OUTCOME, Machine, Order, Outcome
from trainer.tiny import make_tiny_model

REPORTS = Path("trainer/reports")
MODELS = ("Llama-3.2-1B", "Llama-3.2-3B", "Llama-3-8B", "Llama-2-7B")
LARGE = "Llama-3-8B"
TRL = "trl.json"
TRL_WAYS = ("default", "best")
GIB = 2**30
BATCH, EPOCHS, MAILS = 8, 3, 1000
METHODS: dict[str, dict[str, Any]] = {
    "LoRA": {"method": "lora"},
    "QLoRA (nf4)": {"method": "lora", "quantisation": "nf4"},
    "LoRA, 8 bits": {"method": "lora", "quantisation": "int8"},
    "RoSA": {"method": "rosa", "rank": 8, "alpha": 16},
    "full": {"method": "full"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured: the models by name with their folder or config, and for how long."""

    folder: Path
    models: dict[str, str]
    tokenizer: Path
    mails: int
    steps: int
    is_tiny: bool

    def order(self, model: str, **settings: Any) -> Order:
        """Return the order of a row."""
        return Order(
            task="train", model=self.models[model], is_random=True, steps=self.steps, warmup_steps=2,
            settings=TrainSettings(batch_size=BATCH, **settings), material=str(self.mails),
        )  # fmt: skip

    def measure(self, order: Order) -> Outcome:
        """Carry out an order, unless it has been."""
        print(f"{datetime.now(UTC):%H:%M:%S} {order.task} {Path(order.model).stem} {order.settings.method}", flush=True)
        return carry_out(self.folder, order, timeout_s=3600)

    def measure_trl(self, model: str, way: str) -> tuple[Outcome, dict[str, Any]]:
        """Have TRL's SFTTrainer train the same; return how that ended, and its numbers."""
        order = self.order(model, method="lora").model_copy(update={"material": f"{self.mails} TRL {way}"})
        work = functools.partial(run_trl, way=way, tokenizer=self.tokenizer)
        print(f"{datetime.now(UTC):%H:%M:%S} TRL {way} {model}", flush=True)
        outcome = carry_out(self.folder, order, timeout_s=3600, work=work)
        path = self.folder / order.key / TRL
        return outcome, json.loads(path.read_text("utf-8")) if path.exists() else {}


def main(*, is_tiny: bool, output: Path | None, work: Path | None) -> Path:
    """Measure all rows, write the report, and return its path."""
    folder = work or Path("build") / ("bench-gpu-tiny" if is_tiny else "bench-gpu")
    bench = _prepare(folder, is_tiny=is_tiny)
    machine = bench.measure(Order(task="machine", model="")).machine
    assert machine is not None
    now = datetime.now(UTC)
    name = re.sub(r"[^a-z0-9]+", "-", machine.device.lower()).strip("-")
    page = Page(
        "The trainer on " + machine.device, tuple(_facts(bench, machine, now)), tuple(_sections(bench, machine))
    )
    path = write_page(output or REPORTS / f"{name}-{now:%Y-%m-%d}", page)
    print(f"The report is {path}")
    return path


def run_trl(cell: Path, *, way: str, tokenizer: Path) -> None:
    """Train with TRL in this process: as it is by itself, or with all that makes it fast."""
    import torch  # noqa: PLC0415  the parent needs none of it
    from datasets import Dataset  # noqa: PLC0415
    from transformers import AutoTokenizer, TrainerCallback  # noqa: PLC0415
    from trl import SFTConfig, SFTTrainer  # noqa: PLC0415

    from trainer.methods import METHODS as WRAPPED  # noqa: PLC0415
    from trainer.training.hardware import choose_arithmetic, look, should_checkpoint  # noqa: PLC0415
    from trainer.training.model import load_model  # noqa: PLC0415

    order = Order.model_validate_json((cell / ORDER).read_bytes())
    examples = read_material(cell.parent).learned
    arithmetic = choose_arithmetic("auto", look())
    is_gpu, is_best = arithmetic.device == "cuda", way == "best"
    marks: list[tuple[float, int]] = []

    class Timer(TrainerCallback):
        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            if is_gpu:
                torch.cuda.synchronize()
            marks.append((time.perf_counter(), int(state.num_input_tokens_seen)))

    model: Any = load_model(order.model, arithmetic.dtype, arithmetic.device, is_random=True)
    best: dict[str, Any] = {
        "packing": True, "max_length": 2048 if is_gpu else 1024, "per_device_train_batch_size": 2,
        "use_liger_kernel": is_gpu and find_spec("liger_kernel") is not None,
        "gradient_checkpointing": should_checkpoint("auto", sum(each.numel() for each in model.parameters())),
    }  # fmt: skip
    rows = [
        {
            "input_ids": list(each.tokens),
            "completion_mask": [int(at >= each.prompt_tokens) for at in range(len(each.tokens))],
        }
        for each in examples
    ]
    config = SFTConfig(
        output_dir=str(cell / "trl"), max_steps=order.steps + order.warmup_steps, use_cpu=not is_gpu,
        completion_only_loss=True, include_num_input_tokens_seen="non_padding",
        save_strategy="no", report_to="none", disable_tqdm=True, **(best if is_best else {}),
    )  # fmt: skip
    trainer = SFTTrainer(
        model=WRAPPED["lora"].wrap(model, order.settings), args=config, train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(tokenizer), callbacks=[Timer()],
    )  # fmt: skip
    trainer.train()
    (began, before), (ended, after) = marks[order.warmup_steps - 1], marks[-1]
    numbers = {
        "tokens_per_s": (after - before) / (ended - began),
        "peak": torch.cuda.max_memory_allocated() if is_gpu else None,
    }
    (cell / TRL).write_text(json.dumps(numbers), "utf-8")
    (cell / OUTCOME).write_text(Outcome().model_dump_json(), "utf-8")


def _prepare(folder: Path, *, is_tiny: bool) -> Bench:
    """Make the examples, and a tokenizer, which TRL wants even for tokens."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tiny_model(folder / "tiny") if not (folder / "tiny").exists() else folder / "tiny"
    mails = 24 if is_tiny else MAILS
    if not (folder / MATERIAL).exists():
        made = make_examples(mails + 8)
        if is_tiny:  # its vocabulary is small
            made = [_narrowed(each) for each in made]
        material = Material(name="random tokens", learned=tuple(made[:mails]), held_out=tuple(made[mails:]))
        (folder / MATERIAL).write_text(material.model_dump_json(), "utf-8")
    models = {"tiny": str(folder / "tiny")} if is_tiny else {name: str(CONFIGS / f"{name}.json") for name in MODELS}
    return Bench(
        folder=folder, models=models, tokenizer=tokenizer, mails=mails, steps=2 if is_tiny else 20, is_tiny=is_tiny
    )


def _narrowed(example: Any) -> Any:
    return type(example)(
        message_id=example.message_id, tokens=tuple(6 + token % 300 for token in example.tokens),
        prompt_tokens=example.prompt_tokens, reply_bytes=example.reply_bytes,
    )  # fmt: skip


def _sections(bench: Bench, machine: Machine) -> Iterator[Section]:
    yield Section("What was not measured", tuple(_missing(bench, machine)) or ("Nothing is missing.",))
    yield _beside_trl(bench)
    yield _methods(bench, machine)
    yield _whole_run(bench)


def _missing(bench: Bench, machine: Machine) -> Iterator[str]:
    if not machine.is_gpu:
        yield "There was no GPU: nothing here says how a GPU does, and no target of the project is shown to be met."
    if bench.is_tiny:
        yield f"The model is a tiny one; {', '.join(MODELS)} were not measured."
    for package, what in (("liger_kernel", "Liger's kernels"), ("flash_attn", "flash attention's package")):
        if not find_spec(package):
            yield f"Without {what}, which is not installed; neither side had it."


def _beside_trl(bench: Bench) -> Section:
    rows: list[tuple[Cell, ...]] = []
    bars: dict[str, list[tuple[float | str, float | None]]] = {}
    for model in bench.models:
        own = bench.measure(bench.order(model, method="lora"))
        speed = own.training.speed.tokens_per_s if own.training else None
        others = {way: bench.measure_trl(model, way)[1].get("tokens_per_s") for way in TRL_WAYS}
        ratios = [speed / other if speed and other else UNKNOWN for other in others.values()]
        rows.append((model, speed, *others.values(), *ratios))
        for name, value in (("Cyrano", speed), *((f"TRL, {way}", others[way]) for way in TRL_WAYS)):
            bars.setdefault(name, []).append((model, value))
    columns = ("model", "Cyrano", "TRL, default", "TRL, best", "ratio to default", "ratio to best")
    note = (
        "Tokens without filling. Default: SFTTrainer as it is; best: packing, with Liger's kernels if there are any. "
        "The targets, on a GPU, are ratios of 2 and 1."
    )
    table = Table("LoRA, tokens per second", columns, tuple(rows), note)
    plot = Plot("LoRA, tokens per second", "bars", "model", "tokens per second", bars)
    return Section("Beside TRL's SFTTrainer", tables=(table,), plots=(plot,))


def _methods(bench: Bench, machine: Machine) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for model in bench.models:
        for name, settings in METHODS.items():
            rows.append((model, name, *_row(bench.measure(bench.order(model, **settings)), machine)))
    columns = ("model", "method", "tokens per s", "MFU, %", "trained, %", "peak, GiB", "planned, GiB", "error, %")
    note = "A cross is out of memory. Planned is what cyrano plan says of the same step."
    return Section("Methods, and the planner beside them", tables=(Table("Rows", columns, tuple(rows), note),))


def _row(outcome: Outcome, machine: Machine) -> tuple[Cell, ...]:
    found = outcome.training
    if found is None:
        return (None if outcome.status == "out of memory" else UNKNOWN,) * 6
    flops, planned, peak = machine.flops.get(found.precision), found.memory.planned, found.memory.peak
    return (
        found.speed.tokens_per_s,
        100 * found.speed.flops_per_s / (found.devices * flops) if flops else UNKNOWN,
        100 * found.trained / found.parameters,
        peak / GIB,
        planned / GIB if planned else UNKNOWN,
        100 * (planned / peak - 1) if planned else UNKNOWN,
    )


def _whole_run(bench: Bench) -> Section:
    """Project 1,000 mails x 3 epochs from a few steps, and take all of these steps."""
    model = next(iter(bench.models)) if bench.is_tiny else LARGE
    steps = -(-bench.mails // BATCH) * EPOCHS
    few = bench.measure(bench.order(model, method="lora")).training
    whole = bench.measure(bench.order(model, method="lora").model_copy(update={"steps": steps, "warmup_steps": 0}))
    projected = few.speed.step_s * steps if few else UNKNOWN
    measured = whole.training.speed.timed_s if whole.training else UNKNOWN
    table = Table(
        f"{bench.mails:,} mails x {EPOCHS} epochs, LoRA, {model}",
        ("steps", "projected, s", "measured, s"),
        ((steps, projected, measured),),
        "Steps alone, without loading the model and evaluating. The target for an 8B on a GPU is 90 s.",
    )
    return Section("A whole run", tables=(table,))


def _facts(bench: Bench, machine: Machine, now: datetime) -> Iterator[tuple[str, str]]:
    yield "machine", f"{machine.device}, {machine.memory_bytes / GIB:.0f} GiB"
    yield "system", machine.system
    yield "versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    yield "date", f"{now:%Y-%m-%d}"
    yield "data", f"{bench.mails:,} made-up mails, {BATCH} a step, random weights"
    yield "command", f"python -m tests.bench.gpu{' --tiny' if bench.is_tiny else ''}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on a processor too")
    parser.add_argument("--output", type=Path, help="where the report goes")
    parser.add_argument("--work", type=Path, help="where unfinished work lies")
    wanted = parser.parse_args()
    main(is_tiny=wanted.tiny, output=wanted.output, work=wanted.work)
