"""Carry out a job of profiling: each cell in a process of its own, then one report over all.

The rules this module keeps:
1. A cell that ended, well or badly, is not carried out again; a profile that was killed goes on with the next.
2. One cell's end is not the others': what was out of memory or failed is shown, and the rest goes on.
3. When the report is written, the examples made from mail leave the job's folder.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from connectors.profile_job import ProfileJob
from trainer import tiny
from trainer.files import disk_errors, write_whole
from trainer.pages.page import write_page
from trainer.pages.plain import as_lines
from trainer.profiling.children import carry_out
from trainer.profiling.material import make_material, read_material
from trainer.profiling.numbers import all_numbers
from trainer.profiling.plan import Measured, plan_cells
from trainer.profiling.records import MATERIAL, Outcome
from trainer.profiling.report import Profile, main_tables, make_page
from trainer.progress import Progress, Result

CELLS = "cells"
NUMBERS = "cells.json"
RESULT = "result.json"


def profile(folder: Path, job: ProfileJob, say: Progress) -> Result:
    """Measure every cell, write the report, and return where it is and the main table.

    Raises:
        ModelMissing: the model is not on this machine.
        UsageError, TrainError: there is nothing to learn from.
        StoreError: the disk is full or not writable.
    """
    cells = folder / CELLS
    with disk_errors(f"{cells} could not be made"):
        cells.mkdir(parents=True, exist_ok=True)
    model = tiny.resolve(job.model, folder)
    job = job.model_copy(update={"model": model})
    digest = make_material(job, cells)
    plan = plan_cells(job, model, digest)
    outcomes = dict[str, Outcome]()
    orders, report = list(plan.orders()), say.stage("profile")
    for done, (label, order) in enumerate(orders):
        report(done, len(orders), label)
        outcomes[order.key] = carry_out(cells, order, timeout_s=job.cell_timeout_s)
    report(len(orders), len(orders), "")
    found = Profile(job=job, material=read_material(cells), measured=Measured(plan=plan, outcomes=outcomes))
    return _finish(folder, found)


def _finish(folder: Path, found: Profile) -> Result:
    output = found.job.output or folder
    path = write_page(output, make_page(found, datetime.now(UTC)))
    numbers = json.dumps(all_numbers(found.measured), indent=1, ensure_ascii=False)
    write_whole(output / NUMBERS, lambda file: file.write(numbers.encode()))
    lines = [line for table in main_tables(found) for line in (*as_lines(table), "")]
    result: Result = {"report": [*lines, f"The report is {path}"], "page": str(path), "version": None}
    write_whole(folder / RESULT, lambda file: file.write(json.dumps(result, indent=2).encode()))
    (folder / CELLS / MATERIAL).unlink(missing_ok=True)
    return result
