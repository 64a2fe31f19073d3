"""A cell that several workers carry out together, or one that offloads: they share the model as in a run."""

import multiprocessing
import os
import socket
import tempfile
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from trainer.profiling.leash import end_with_parent
from trainer.profiling.material import read_material
from trainer.profiling.measure import measure_training
from trainer.profiling.records import Order, Outcome
from trainer.training.hardware import choose_arithmetic, look
from trainer.training.launch import check_possible
from trainer.training.sharding import together

PART = "part.json"
"""What the first worker leaves in the cell's folder."""


def is_team(order: Order) -> bool:
    """Tell whether an order needs workers."""
    return order.settings.processes > 1 or order.settings.offload


def measure_team(order: Order, folder: Path) -> Outcome:
    """Have the workers carry out an order.

    Raises:
        UsageError: the settings do not go together, or the machine has too few GPUs.
        ChildProcessError: a worker ended badly; what it wrote tells whether it was out of memory.
    """
    check_possible(order.settings, look(), gpus=torch.cuda.device_count())
    with tempfile.TemporaryDirectory() as meeting:
        workers = [
            _process(order, folder, Path(meeting) / "store", number) for number in range(order.settings.processes)
        ]
        for worker in workers:
            worker.start()
        wait([worker.sentinel for worker in workers])
        codes = _end(workers)
    if any(codes):
        raise ChildProcessError(f"workers ended with {codes}")
    return Outcome.model_validate_json((folder / PART).read_bytes())


def _process(*args: object) -> BaseProcess:
    if torch.cuda.is_available():
        return multiprocessing.get_context("spawn").Process(target=_work, args=args, daemon=True)
    # Forked, they have what this process imported; a GPU could not be shared so.
    return multiprocessing.get_context("fork").Process(target=_work, args=args, daemon=True)


def _end(workers: list[BaseProcess]) -> list[int | None]:
    """Wait for all when one has ended well, and for none when one has not; return their exit codes."""
    for worker in sorted(workers, key=lambda worker: worker.exitcode is None):
        if any(other.exitcode for other in workers):
            break
        worker.join()
    for worker in workers:
        if worker.exitcode is None:
            worker.kill()
        worker.join()
    return [worker.exitcode for worker in workers]


def _work(order: Order, folder: Path, meeting: Path, number: int) -> None:
    end_with_parent()
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    os.environ |= {"GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback}
    count = order.settings.processes
    device = choose_arithmetic(order.settings.precision, look()).device
    with together(meeting, number=number, count=count, device=device) as workers:
        outcome = measure_training(order, read_material(folder.parent), folder, workers)
        if workers.is_first:
            (folder / PART).write_text(outcome.model_dump_json(), "utf-8")
