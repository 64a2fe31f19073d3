"""What was written and learned, in the report."""

from collections.abc import Iterator

from connectors.profile_job import ProfileJob
from trainer.pages.numbers import UNKNOWN
from trainer.pages.page import Cell, Plot, Section, Table
from trainer.profiling.material import Material
from trainer.profiling.plan import Measured
from trainer.profiling.records import Outcome

LONGEST = 1500
"""Characters of a prompt that are shown, its last ones."""


def generation_section(measured: Measured) -> Iterator[Section]:
    """Yield how quickly is written with the cache of keys and values, and without."""
    order = measured.plan.generation
    if order is None:
        return
    outcome = measured.outcome(order)
    found = outcome.generation
    if found is None:
        yield Section("Generation", (f"Not measured: {outcome.status} ({outcome.reason}).",))
        return
    rows = (("with", found.cached_per_s), ("without", found.uncached_per_s))
    told = (
        f"The base model writes {found.tokens} tokens after a prompt of {found.prompt_tokens}. With the cache it "
        f"is {found.cached_per_s / found.uncached_per_s:.1f} times as fast; both ways wrote "
        f"{'the same text' if found.is_same else 'texts that part where rounding decided'}."
    )
    yield Section(
        "Generation",
        (told,),
        tables=(Table("Writing", ("cache of keys and values", "tokens per s"), rows),),
        plots=(Plot("Writing", "bars", "cache of keys and values", "tokens per second", {"": list(rows)}),),
    )


def caveats(job: ProfileJob) -> Iterator[str]:
    """Yield why what was learned means nothing, where it does not."""
    if job.is_random:
        yield "The weights are random: losses, perplexity and what is written mean nothing."
    if job.corpus is None and job.carried is None:
        yield "The examples are random tokens, which nothing can be learned from: losses and perplexity mean nothing."


def learning_sections(job: ProfileJob, material: Material, measured: Measured) -> Iterator[Section]:
    """Yield the methods' held-out perplexity, and what they write, side by side."""
    outcomes = {method: measured.outcome(order) for method, order in measured.plan.learning.items()}
    if not outcomes:
        return
    bars = [(method, outcome.learning.perplexity if outcome.learning else None) for method, outcome in outcomes.items()]
    told = (
        f"Each was trained for {job.quality_steps} steps on the same examples, in the same order, and measured on "
        f"{len(material.held_out)} that it did not see."
    )
    yield Section(
        "What each method learns",
        (
            told,
            *caveats(job),
            *(
                f"{method}: {outcome.status} ({outcome.reason})."
                for method, outcome in outcomes.items()
                if outcome.status != "ok"
            ),
        ),
        tables=(
            Table(
                "Held-out perplexity",
                ("method", "perplexity", "trained numbers", "learning rate", "seconds"),
                tuple(_row(job, method, outcome) for method, outcome in outcomes.items()),
                "Perplexity per token of the replies; lower is better.",
            ),
        ),
        plots=(Plot("Held-out perplexity", "bars", "method", "perplexity", {"": bars}),),
    )
    for index, prompt in enumerate(material.prompts):
        yield Section(
            f"Written to prompt {index + 1}",
            samples=(
                ("the prompt", _end(prompt.text)),
                *([("what a person wrote", prompt.answer)] if prompt.answer else []),
                *(
                    (method, outcome.learning.written[index] or "(nothing)")
                    for method, outcome in outcomes.items()
                    if outcome.learning
                ),
            ),
        )


def _row(job: ProfileJob, method: str, outcome: Outcome) -> tuple[Cell, ...]:
    found = outcome.learning
    if found is None:
        missing: Cell = None if outcome.status == "out of memory" else UNKNOWN
        return method, missing, missing, missing, missing
    if not found.trained:
        return method, found.perplexity, 0, UNKNOWN, UNKNOWN
    rate = job.quality_rates.get(method, job.settings.learning_rate)
    return method, found.perplexity, found.trained, f"{rate:g}", found.seconds


def _end(text: str) -> str:
    return text if len(text) <= LONGEST else f"… {text[-LONGEST:]}"
