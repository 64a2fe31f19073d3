"""The report over a profile, from made-up cells."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.corpus import Corpus
from connectors.profile_job import Matrix, ProfileJob
from connectors.train_settings import TrainSettings
from tests.trainer.profiling.outcomes import FAILED, OUT, profile_of, trained
from trainer.pages.numbers import MISSING, UNKNOWN
from trainer.pages.page import Page, Plot, Table, write_page
from trainer.profiling.numbers import all_numbers
from trainer.profiling.plan import plan_cells
from trainer.profiling.report import make_page

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AXES = {"method": ("lora", "full"), "batch_size": (1, 2, 4)}
CELLS = {
    ("lora", 1): trained(parameters=100, gradients=1, activations=27, step_s=0.5, planned=143),
    ("lora", 2): trained(parameters=100, gradients=1, activations=57, step_s=0.8, planned=160),
    ("lora", 4): trained(parameters=100, gradients=1, activations=97, step_s=1.0, planned=200),
    ("full", 1): trained(parameters=100, gradients=100, activations=100, step_s=1.0, planned=500),
    ("full", 2): OUT,
    ("full", 4): FAILED,
}


def make() -> Page:
    """Return the report of these cells."""
    return make_page(profile_of(AXES, CELLS, answer="<b>Dear</b>"), NOW)


def table(page: Page, title: str) -> Table:
    """Return a table by the start of its title."""
    return next(each for section in page.sections for each in section.tables if each.title.startswith(title))


def plot(page: Page, title: str) -> Plot:
    """Return a plot by its title."""
    return next(each for section in page.sections for each in section.plots if each.title == title)


def test_memory_is_told_by_purpose_beside_the_plan() -> None:
    """The peak, what was planned and by how much that is off, and what the peak consists of."""
    memory = table(make(), "M: memory, MiB")
    assert memory.columns[2:5] == ("peak", "planned", "error, %")
    assert memory.rows[0] == ("lora", "1", 130.0, 143.0, 10.000000000000009, 100.0, 0.0, 1.0, 2.0, 27.0)


def test_out_of_memory_is_a_cross_and_a_failure_a_dash() -> None:
    """One tells of the machine, the other of a fault; neither stops the report."""
    memory, speed = table(make(), "M: memory"), table(make(), "M: computation")
    assert memory.rows[4][2:] == (None,) * 8
    assert memory.rows[5][2:] == (UNKNOWN,) * 8
    assert speed.rows[4][2] is None


def test_speed_is_told_with_its_share_of_the_machines() -> None:
    """5e11 operations in half a second are all of a machine that makes 1e12 a second."""
    row = table(make(), "M: computation").rows[0]
    assert row[2:6] == (0.5, 200.0, 100.0, 1.0)


def test_a_step_that_two_devices_shared_is_held_against_the_speed_of_both() -> None:
    """The operations are those of the whole step; one device's speed would make twice the share of it."""
    dull = {"parameters": 100, "gradients": 1, "activations": 27, "step_s": 1.0}
    cells = {(1,): trained(**dull), (2,): trained(**dull, devices=2)}
    rows = table(make_page(profile_of({"processes": (1, 2)}, cells), NOW), "M: computation").rows
    assert [row[3] for row in rows] == [50.0, 25.0]


def test_what_auto_came_to_has_the_same_name_everywhere() -> None:
    """Tables, bars, curves and remarks say the number format; where that is a value of its own, that it was chosen."""
    done = trained(parameters=100, gradients=1, activations=27, step_s=1.0)
    cells = {("fp32", 1): done, ("auto", 1): done, ("fp32", 2): done, ("auto", 2): OUT, ("fp32", 4): done}
    axes = {"precision": ("fp32", "auto"), "batch_size": (1, 2, 4)}
    page = make_page(profile_of(axes, cells | {("auto", 4): done}), NOW)
    assert [row[0] for row in table(page, "M: memory").rows] == ["fp32"] * 3 + ["bf16"] * 3
    assert [label for label, _ in plot(page, "Runtime").series["seconds per step"]][3:5] == [
        "bf16 batch 1",
        "bf16 batch 2",
    ]
    assert list(plot(page, "Peak memory by batch").series) == ["fp32", "bf16"]
    assert "bf16 batch 2: out of memory (the system killed it)." in page.sections[1].text
    both = make_page(profile_of({"precision": ("bf16", "auto")}, {("bf16",): done, ("auto",): done}), NOW)
    assert [row[0] for row in table(both, "M: memory").rows] == ["bf16", "auto (bf16)"]


def test_what_was_learned_of_random_tokens_means_nothing() -> None:
    """The report says so where perplexity stands, and not where there was text."""
    profile = profile_of(AXES, CELLS)
    corpus = Corpus(kind="documents", path=Path("/texts"))
    texts = replace(profile, job=profile.job.model_copy(update={"corpus": corpus}))
    for found, is_told in ((profile, True), (texts, False)):
        learned = next(each for each in make_page(found, NOW).sections if each.heading == "What each method learns")
        assert any("perplexity mean nothing" in told for told in learned.text) == is_told


def test_a_batch_sweep_is_drawn_by_method_with_crosses() -> None:
    """Memory and speed over the batch, a line for each method; what failed is not drawn as out of memory."""
    sweep = plot(make(), "Peak memory by batch")
    assert sweep.series == {"lora": [(1, 130.0), (2, 160.0), (4, 200.0)], "full": [(1, 500.0), (2, None)]}
    assert plot(make(), "Speed by batch").series["lora"][0] == (1, 200.0)


def test_the_report_says_why_cells_are_missing() -> None:
    """Each cell without numbers is named with its reason."""
    text = " ".join(paragraph for section in make().sections for paragraph in section.text)
    assert "full batch 2: out of memory (the system killed it)." in text
    assert "full batch 4: failed (ended with code 1: KeyError)." in text
    assert "There was no GPU" in text


def test_the_written_report_escapes_what_models_write(tmp_path: Path) -> None:
    """A sample is text in HTML and Markdown; crosses stand in both."""
    path = write_page(tmp_path, make())
    html, markdown = path.read_text("utf-8"), path.with_suffix(".md").read_text("utf-8")
    assert "&lt;b&gt;Dear&lt;/b&gt;" in html
    assert "<b>Dear" not in html
    assert f"| full | 2 | {MISSING} |" in markdown
    assert f'<span class="none">{MISSING}</span>' in html


def test_the_planners_errors_are_summed_up() -> None:
    """The median and the worst of all cells that were measured."""
    text = make().sections[-1].text[0]
    assert text.startswith("4 cells; the planner is off by 0.0 % in the median, and by 10.0 % at worst (lora batch 1)")


def test_numbers_are_kept_for_programs() -> None:
    """Each cell with its settings, its end and its numbers."""
    found = all_numbers(profile_of(AXES, CELLS).measured)
    assert [cell["status"] for cell in found["cells"]] == ["ok"] * 4 + ["out of memory", "failed"]
    assert found["cells"][0]["memory"]["peak"] == 130 * 2**20
    assert found["cells"][0]["settings"]["batch_size"] == 1
    assert found["learning"]["base"]["learning"]["perplexity"] == 20


def test_combinations_that_exclude_each_other_are_left_out() -> None:
    """Full fine-tuning in 4 bits is no cell; that it was left out is counted."""
    matrix = Matrix(name="Q", axes={"method": ("lora", "full"), "quantisation": ("none", "nf4")})
    plan = plan_cells(ProfileJob(model="m", matrices=(matrix,)), "m", "")
    assert len(plan.cells) == 3
    assert plan.excluded == {"Q": 1}


@pytest.mark.parametrize(
    ("batch", "values", "batches"),
    [(8, (1, 8), [8, 1]), (2, (1, 8), [8, 1]), (9, (1, 8), [16, 2]), (2, (1, 2, 3), [6, 3, 2])],
)
def test_accumulation_keeps_the_step(batch: int, values: tuple[int, ...], batches: list[int]) -> None:
    """Eight times the accumulation is an eighth of the batch, and a step that cannot be cut so is made larger."""
    job = ProfileJob(
        model="m", matrices=(Matrix(name="A", axes={"accumulation": values}),), settings=TrainSettings(batch_size=batch)
    )
    settings = [cell.order.settings for cell in plan_cells(job, "m", "").cells]
    assert [each.batch_size for each in settings] == batches
    assert {each.step_size for each in settings} == {batches[0]}


def test_equal_cells_of_two_matrices_are_carried_out_once() -> None:
    """What one matrix has measured, another that shares the cell takes from it."""
    one = Matrix(name="A", axes={"rank": (4, 8)})
    job = ProfileJob(model="m", matrices=(one, one.model_copy(update={"name": "B"})), generation=False, quality=False)
    plan = plan_cells(job, "m", "")
    assert len(plan.cells) == 4
    assert len(list(plan.orders())) == 3
