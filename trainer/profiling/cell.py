"""One cell, from its order to its outcome: `python -m trainer.profiling.cell FOLDER` carries out a single one by hand.

The rules this module keeps:
1. Whatever the memory's limit stops is out of memory, and not a fault.
2. Of errors, Cyrano's own alone are quoted: they hold no mail.
"""

import logging
import resource
import sys
from pathlib import Path

import torch

from connectors.errors import CyranoError
from trainer.files import write_whole
from trainer.profiling.generate import measure_generation
from trainer.profiling.learn import measure_learning
from trainer.profiling.machine import look_around
from trainer.profiling.material import read_material
from trainer.profiling.measure import measure_training
from trainer.profiling.records import ORDER, OUTCOME, Order, Outcome
from trainer.profiling.team import is_team, measure_team
from trainer.training.shortage import is_shortage

GIB = 2**30
SLACK = GIB // 2
"""What a process takes on a processor beside its tensors: code's own data, threads, the allocator's gaps."""


def main(folder: Path) -> None:
    """Carry out an order."""
    order = Order.model_validate_json((folder / ORDER).read_bytes())
    if order.memory_gib:
        _limit(order.memory_gib)
    try:
        outcome = check(_measure(order, folder), order.memory_gib)
    except CyranoError as error:
        outcome = Outcome(status="failed", reason=str(error).rstrip("."))
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        outcome = Outcome(status="out of memory", reason=_first_line(error))
    write_whole(folder / OUTCOME, lambda file: file.write(outcome.model_dump_json(indent=1).encode()))


def check(outcome: Outcome, memory_gib: float | None) -> Outcome:
    """Return an outcome as out of memory where its tensors took more than they might."""
    if memory_gib is None or outcome.training is None or outcome.training.memory.peak <= memory_gib * GIB:
        return outcome
    peak = outcome.training.memory.peak / GIB
    return Outcome(status="out of memory", reason=f"needs {peak:.3g} GiB of {memory_gib:g}")


def _measure(order: Order, folder: Path) -> Outcome:
    if order.task == "machine":
        return look_around()
    material = read_material(folder.parent)
    if order.task == "generate":
        return measure_generation(order, material)
    if order.task == "learn":
        return measure_learning(order, material, folder)
    return measure_team(order, folder) if is_team(order) else measure_training(order, material, folder)


def _limit(memory_gib: float) -> None:
    """Have the system refuse more memory: on a GPU exactly, elsewhere with some slack for what is no tensor."""
    if torch.cuda.is_available():
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, memory_gib * GIB / whole))
        return
    status = Path("/proc/self/status")
    lines = status.read_text("ascii").splitlines() if status.exists() else []
    taken = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData")), None)
    if taken is not None:
        most = taken + SLACK + round(memory_gib * GIB)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    main(Path(sys.argv[1]).resolve())
