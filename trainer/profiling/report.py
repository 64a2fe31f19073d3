"""The report over a profile: what was measured, what each technique does, and what it is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connectors.profile_job import ProfileJob
from trainer.pages.page import Page, Section, Table
from trainer.profiling.cells_report import matrix_section, memory_table, speed_table
from trainer.profiling.effects_report import effects_section, planner_section
from trainer.profiling.learning_report import caveats, generation_section, learning_sections
from trainer.profiling.material import Material
from trainer.profiling.plan import Measured
from trainer.profiling.records import Machine

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A job, what it learned from, and all that was measured."""

    job: ProfileJob
    material: Material
    measured: Measured


def make_page(found: Profile, now: datetime) -> Page:
    """Return the report as a page."""
    job = found.job
    title = f"Profile: {job.recipe}" if job.recipe else f"Profile of {_name(job.model)}"
    return Page(title, tuple(_facts(found, now)), tuple(_sections(found)))


def main_tables(found: Profile) -> list[Table]:
    """Return what a terminal shows: each matrix's memory and speed."""
    measured = found.measured
    return [
        table
        for matrix in found.job.matrices
        for table in (memory_table(measured, matrix), speed_table(measured, matrix))
    ]


def _sections(found: Profile) -> Iterator[Section]:
    measured = found.measured
    yield Section("How it was measured", tuple(_remarks(found)))
    for matrix in found.job.matrices:
        yield matrix_section(measured, matrix)
    yield from effects_section(measured)
    yield from generation_section(measured)
    yield from learning_sections(found.job, found.material, measured)
    yield from planner_section(measured)


def _remarks(found: Profile) -> Iterator[str]:
    job, machine = found.job, found.measured.outcome(found.measured.plan.machine).machine
    yield (
        f"Each cell ran in a process of its own, by the code that trains: some steps first ({job.warmup_steps}), "
        f"then those that were timed ({job.steps}: of their seconds the median is shown, tokens per second and MFU are "
        "of all together), and one whose memory was watched. Memory is what tensors hold. Activations are what the "
        "largest batch adds on its way forward, with the loss and what operations need for themselves; they are gone "
        "before all gradients are there, so that the purposes do not add up to the peak."
    )
    if machine and machine.is_measured:
        speeds = ", ".join(f"{name} {flops / 1e9:,.0f}" for name, flops in machine.flops.items())
        yield (
            "MFU is the share of this machine's speed that the model's own products use; that speed was timed with "
            f"large products of matrices, in billions of operations per second: {speeds}."
        )
    elif machine:
        yield "MFU is the share of the device's speed, as its maker gives it, that the model's own products use."
    if machine and not machine.is_gpu:
        yield "There was no GPU: nothing here says how a GPU would do."
    yield from caveats(job)
    if job.memory_gib:
        yield f"Each cell might take {job.memory_gib:g} GiB; × is what needed more."  # noqa: RUF001  the mark in the tables


def _facts(found: Profile, now: datetime) -> Iterator[tuple[str, str]]:
    job, machine = found.job, found.measured.outcome(found.measured.plan.machine).machine
    yield "model", f"{_name(job.model)}{', random weights' if job.is_random else ''}"
    learned, held_out = len(found.material.learned), len(found.material.held_out)
    yield "data", f"{found.material.name}: {learned} to learn from, {held_out} held out"
    yield "date", f"{now:%Y-%m-%d %H:%M} UTC"
    if machine:
        yield from _machine(machine)
    if job.command:
        yield "command", job.command


def _machine(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "machine", f"{machine.device}, {machine.memory_bytes / GIB:.0f} GiB"
    yield "system", machine.system
    yield "versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())


def _name(model: str) -> str:
    return model.rstrip("/").rsplit("/", 1)[-1]
