"""Made-up cells: what a profile would have measured, without measuring."""

from collections.abc import Mapping

from connectors.profile_job import Matrix, ProfileJob, Value
from connectors.train_settings import TrainSettings
from trainer.data.packing import Example
from trainer.profiling.material import Material, Prompt
from trainer.profiling.plan import Measured, plan_cells
from trainer.profiling.records import Generation, Learning, Machine, Memory, Outcome, Speed, Training
from trainer.profiling.report import Profile

MIB = 2**20
MACHINE = Machine(
    device="a slide rule", is_gpu=False, memory_bytes=2**34, system="Linux", versions={"torch": "2"},
    flops={"bf16": 1e12}, is_measured=True,
)  # fmt: skip
OUT = Outcome(status="out of memory", reason="the system killed it")
FAILED = Outcome(status="failed", reason="ended with code 1: KeyError")


def trained(
    *, parameters: int, gradients: int, activations: int, step_s: float, planned: int | None = None, devices: int = 1
) -> Outcome:
    """Return a cell's end; memory in MiB, the optimiser's twice the gradients'."""
    peak = parameters + 3 * gradients + activations
    return Outcome(
        training=Training(
            precision="bf16",
            batch_size=2,
            devices=devices,
            parameters=1000,
            trained=10,
            memory=Memory(
                parameters=parameters * MIB, adapter=0, gradients=gradients * MIB, optimiser=2 * gradients * MIB,
                activations=activations * MIB, peak=peak * MIB, planned=None if planned is None else planned * MIB,
            ),
            speed=Speed(step_s=step_s, timed_s=2 * step_s, steps=2, step_tokens=100, step_flops=5e11),
            loss_before=2.0,
            loss_after=1.5,
        )
    )  # fmt: skip


def profile_of(
    axes: Mapping[str, tuple[Value, ...]], cells: Mapping[tuple[Value, ...], Outcome], *, answer: str = "Hi"
) -> Profile:
    """Return a profile of one matrix whose cells ended as told, by their values; the rest was measured and is dull."""
    job = ProfileJob(
        model="/models/small", matrices=(Matrix(name="M", axes=dict(axes)),), settings=TrainSettings(batch_size=8)
    )
    plan = plan_cells(job, job.model, "digest")
    outcomes = {plan.machine.key: Outcome(machine=MACHINE)}
    outcomes |= {cell.order.key: cells[tuple(cell.values.values())] for cell in plan.cells}
    assert plan.generation
    outcomes[plan.generation.key] = Outcome(
        generation=Generation(prompt_tokens=8, tokens=16, cached_per_s=40, uncached_per_s=10, is_same=True)
    )
    for order in plan.learning.values():
        learning = Learning(perplexity=20.0, trained=10 if order.is_trained else 0, seconds=1, written=(answer,))
        outcomes[order.key] = Outcome(learning=learning)
    example = Example(message_id="m", tokens=(1, 2, 3), prompt_tokens=1, reply_bytes=2)
    material = Material(
        name="mail", learned=(example,), held_out=(example,), prompts=(Prompt(tokens=(1,), text="Q", answer="A"),)
    )
    return Profile(job=job, material=material, measured=Measured(plan=plan, outcomes=outcomes))
