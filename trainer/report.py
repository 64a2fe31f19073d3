"""What a run tells the person who started it: lines on the terminal, statistics.json, and a page to look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.adapter import AdapterCard, folder
from connectors.evaluation import read_evaluation
from connectors.job import TrainJob
from trainer.data.examples import Writing
from trainer.data.material import Material
from trainer.data.summary import describe_data, listed
from trainer.evaluation.table import BASE, THIS, Scores, describe, format_table
from trainer.learn import Learned
from trainer.lowering import Lowered
from trainer.memory.devices import here
from trainer.pages.page import Cell, Page, Plot, Section, Table, write_page
from trainer.progress import Result
from trainer.run_statistics import BASE as BY_BASE
from trainer.run_statistics import TRAINED, Measured, statistics, statistics_section, write_statistics
from trainer.training.checkpoint import Step
from trainer.training.loop import steps_per_epoch

REPORT = "report.html"
TEST = "@test"
"""What the part of a corpus is called that nothing was chosen by; no account and no corpus has such a name."""


def describe_adapter(card: AdapterCard, job: TrainJob) -> Result:
    """Return the result of a run that published what it learned, into a folder of its own or among the adapters."""
    data, output = card.data, job.output
    evaluation = read_evaluation(output or folder(job.adapters, card.account, card.version))
    return {
        "adapter": card.name,
        "output": str(output) if output else None,
        "version": card.version if card.is_approved and output is None else None,
        "is_approved": card.is_approved,
        "reason": card.verdict,
        "scores": card.scores,
        "data": data,
        "report": [
            *(describe_data(data) if "mails" in data else _describe_corpus(data)),
            f"trained in {card.config['curve']['seconds']:.0f} s",
            *([Lowered(**lowered).words] if (lowered := card.config.get("as_lora")) else []),
            format_table(card.scores),
            *(describe(evaluation) if evaluation else ()),
            f"{card.account if output else card.name}: {card.verdict}",
            *([f"{output} holds it, with {REPORT} to look at."] if output else []),
        ],
    }


def describe_examples(job: TrainJob, material: Material, writing: Writing) -> Result:
    """Return the result of a run that stops before it trains: what it would learn, and an example of it."""
    epoch = steps_per_epoch(len(material.taught), job.settings)
    steps = epoch * job.settings.epochs
    tokens = sum(len(example.tokens) for example in material.taught)
    replies = sum(example.reply_tokens for example in material.taught)
    return {
        "version": None,
        "data": material.counts,
        "tokens": tokens,
        "steps": steps,
        "report": [
            *describe_data(material.counts),
            f"{tokens} tokens an epoch, {replies} of them learned; {epoch} steps an epoch, {steps} in all",
            "An example, as the model reads it:",
            str(writing.tokenizer.decode(list(material.learned[-1].tokens))),
        ],
    }


def statistics_of(
    job: TrainJob, material: Material, learned: Learned, scores: Scores, *, created_at: datetime
) -> dict[str, Any]:
    """Return a run's numbers. The account's own held-out mail is "held_out" there, whatever the account is called."""
    progress = learned.progress
    trained, parameters = learned.numbers
    names = {"held_out": job.account} | ({"test": TEST} if job.corpus else {})
    sides = {"learned": material.learned, **{side: material.measures[name] for side, name in names.items()}}
    if job.corpus is None:
        sides["validation"] = material.validation
    measured = Measured(
        created_at=created_at,
        device=here().name,
        precision=str(learned.arithmetic.dtype).removeprefix("torch."),
        parameters=parameters,
        trained=trained,
        batch_size=learned.batch_size,
        steps=progress.step,
        tokens=sum(each.tokens for each in progress.steps),
        seconds=sum(each.seconds for each in progress.steps),
        peak_bytes=progress.peak_bytes,
        losses=progress.losses,
        train_losses=progress.train_losses,
        scores={side: {BY_BASE: scores[name][BASE], TRAINED: scores[name][THIS]} for side, name in names.items()},
    )
    return statistics(job, sides, measured, counts=material.counts)


def write_report(  # noqa: PLR0917  what a run came to
    folder: Path,
    job: TrainJob,
    numbers: Mapping[str, Any],
    learned: Learned,
    scores: Scores,
    lowered: Lowered | None = None,
) -> None:
    """Write statistics.json and the page beside what was learned."""
    write_statistics(folder, numbers)
    name = f"{job.recipe or 'Training'} of {job.account}" if job.recipe != job.account else job.recipe
    facts = (
        ("made", str(numbers["created_at"])),
        ("model", job.model),
        ("machine", f"{numbers['machine']['device']}, {numbers['machine']['precision']}"),
        ("method", _method(job)),
        *((("serving", lowered.words),) if lowered else ()),
        *_in_short(numbers),
    )
    sections = [
        Section("How it learned", plots=_curves(learned.progress.steps)),
        Section("Who writes like whom", (_TABLE_TEXT,), tables=(_score_table(scores),)),
        *_preferences(learned),
        statistics_section(numbers),
    ]
    write_page(folder, Page(name, facts, tuple(sections)))


def _in_short(numbers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what one wants to know first."""
    parameters, training, held_out = numbers["parameters"], numbers["training"], numbers["held_out"]
    before, after = held_out[BY_BASE]["perplexity"], held_out[TRAINED]["perplexity"]
    return (
        ("trained", f"{parameters['trained']:,} of {parameters['total']:,} numbers ({parameters['share']:.2%})"),
        ("perplexity", f"{after:.4g} on held-out text, {before:.4g} before"),
        ("speed", f"{training['tokens_per_s']:,.0f} tokens a second, {training['batch_size']} examples at once"),
        ("memory", f"{training['peak_bytes'] / 2**30:.1f} GiB at the peak"),
    )


_TABLE_TEXT = (
    "Loss of held-out text in nats per byte: the lower, the nearer to its author. What was just trained is this."
)


def _method(job: TrainJob) -> str:
    settings = job.settings
    named = [settings.method, *(each for each in (settings.variant, settings.quantisation) if each not in _USUAL)]
    return ", ".join(named)


_USUAL = ("plain", "none")


def _curves(steps: Sequence[Step]) -> tuple[Plot, ...]:
    def series(name: str) -> list[tuple[float | str, float | None]]:
        return [(each.number, getattr(each, name)) for each in steps]

    return (
        Plot("Loss of each step", "lines", "step", "nats per token", {"loss": series("loss")}),
        Plot("Learning rate", "lines", "step", "rate", {"rate": series("rate")}),
        Plot(
            "Length of the gradient, before it was shortened",
            "lines",
            "step",
            "length",
            {"gradient": series("gradient")},
        ),
    )


def _score_table(scores: Scores) -> Table:
    columns = tuple(next(iter(scores.values())))
    rows: list[tuple[Cell, ...]] = [(author, *losses.values()) for author, losses in scores.items()]
    return Table("Held-out loss, nats per byte", ("author", *columns), tuple(rows))


def _preferences(learned: Learned) -> list[Section]:
    found = learned.preferences
    if found is None:
        return []
    rows: tuple[tuple[str, float | None, float | None], ...] = (
        ("loss of held-out pairs", found.before.loss, found.after.loss),
        ("share of them where the sent reply gained more", found.before.accuracy, found.after.accuracy),
        ("margin, nats times beta", found.before.margin, found.after.margin),
        ("held-out mail, nats per byte", found.mails_before, found.mails_after),
    )
    kept = "It was kept." if found.is_kept else "It did no good on held-out pairs and was not kept."
    text = f"{found.learned} changed drafts were learned from, {found.held_out} only measured. {kept}"
    return [Section("What was sent rather than drafted", (text,), tables=(Table("", ("", "before", "after"), rows),))]


def _describe_corpus(counts: Mapping[str, Any]) -> list[str]:
    sides = ", ".join(f"{counts[side]} {words}" for side, words in _SIDES.items())
    return [f"{counts['parts']} parts: {sides}; left out: {listed(counts['dropped'])}", *counts["problems"]]


_SIDES = {"learned": "to learn from", "held_out": "held out", "test": "to test"}
