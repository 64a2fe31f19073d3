"""What a run tells the person who started it, in lines and in numbers."""

from typing import Any

from connectors.adapter import AdapterCard
from connectors.job import TrainJob
from trainer.data.examples import Writing
from trainer.data.gather import Material
from trainer.evaluate import format_table
from trainer.progress import Result
from trainer.training.loop import steps_per_epoch


def describe_adapter(card: AdapterCard) -> Result:
    """Return the result of a run that published an adapter."""
    return {
        "adapter": card.name,
        "version": card.version if card.is_approved else None,
        "is_approved": card.is_approved,
        "scores": card.scores,
        "data": card.data,
        "report": [
            *_data_lines(card.data),
            f"trained in {card.config['curve']['seconds']:.0f} s",
            format_table(card.scores),
            f"{card.name}: {card.verdict}",
        ],
    }


def describe_plan(job: TrainJob, material: Material, writing: Writing) -> Result:
    """Return the result of a run that stops before it trains: what it would learn, and an example of it."""
    epoch = steps_per_epoch(len(material.learned), job.settings)
    steps = epoch * job.settings.epochs
    tokens = sum(len(example.tokens) for example in material.learned)
    replies = sum(example.reply_tokens for example in material.learned)
    return {
        "version": None,
        "data": material.counts,
        "tokens": tokens,
        "steps": steps,
        "report": [
            *_data_lines(material.counts),
            f"{tokens} tokens an epoch, {replies} of them learned; {epoch} steps an epoch, {steps} in all",
            "An example, as the model reads it:",
            str(writing.tokenizer.decode(list(material.learned[-1].tokens))),
        ],
    }


def _data_lines(counts: dict[str, Any]) -> list[str]:
    when = f"{counts['oldest'][:10]} to {counts['newest'][:10]}"
    return [
        f"{counts['mails']} mails, {when}: {counts['learned']} to learn from, {counts['held_out']} held out",
        f"instructions: {_listed(counts['instructions'])}; answers refused: {_listed(counts['faults'])}",
        f"examples with retrieved mail: {counts['with_sources']}; mails left out: {_listed(counts['dropped'])}",
    ]


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(numbers.items())) or "none"
