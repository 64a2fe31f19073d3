"""Held-out losses as a table, authors x adapters: does the adapter write like its author, and only like them?"""

from collections.abc import Mapping, Sequence

from connectors.evaluation import Evaluation, Interval, Measure
from trainer.pages.numbers import format_number

BASE, THIS = "base", "this"

Scores = dict[str, dict[str, float]]
"""Author to column to loss in nats per byte. The columns are "base", "this" and names of other adapters."""


def format_table(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return the scores as text, a row for each author, the best of each row marked."""
    columns = list(next(iter(scores.values())))
    rows = [["author", *columns]]
    for author, losses in scores.items():
        best = min(losses.values())
        rows.append([author, *(f"{loss:.3f}{'*' if loss == best else ' '}" for loss in losses.values())])
    return "\n".join(["Held-out loss, nats per byte (* = nearest to the author)", *_aligned(rows)])


def describe(evaluation: Evaluation) -> list[str]:
    """Return an evaluation as lines for a terminal: the arms side by side, and what the gate found."""
    judged = f"{len(evaluation.judged)} mails newer than all that was learned, {evaluation.drafted} with drafts"
    lines = [f"{evaluation.adapter} beside {evaluation.incumbent or 'the base model'}: judged by {judged}"]
    if evaluation.measures:
        lines.append("\n".join(_side_by_side(evaluation.measures)))
    if evaluation.canaries:
        found = evaluation.canaries
        bits = ", ".join(f"{arm} {bits.value:.1f}" for arm, bits in found.exposure_bits.items())
        told = ", ".join(f"{arm} {count}" for arm, count in found.extracted.items())
        lines.append(
            f"{found.planted} planted secrets: exposure of {found.highest_bits:.1f} bits at most: {bits}; told: {told}"
        )
    lines += [f"{'✓' if check.is_passed else '✗'} {check.name}: {check.words}" for check in evaluation.checks]
    return lines


def _side_by_side(measures: Sequence[Measure]) -> list[str]:
    arms = list(measures[0].arms)
    rows = [["mean, 95 % interval", *arms]]
    for measure in measures:
        mark = "↑" if measure.is_higher_better else "↓"
        rows.append([f"{measure.name} {mark}", *(_span(measure.arms[arm]) for arm in arms)])
    return _aligned(rows)


def _span(found: Interval) -> str:
    return f"{format_number(found.value)} [{format_number(found.low)}, {format_number(found.high)}]"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
