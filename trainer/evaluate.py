"""Held-out losses as a table, authors x adapters: does the adapter write like its author, and only like them?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from connectors.adapter import current_version, folder, list_cards, read_card
from connectors.errors import StoreError
from retrieval.prompt import PROMPT_VERSION
from trainer.data.packing import Example
from trainer.methods.scoring import scored_with
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte

BASE, THIS = "base", "this"

Scores = dict[str, dict[str, float]]
"""Author to column to loss in nats per byte. The columns are "base", "this" and names of other adapters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the adapter may serve, and why, in one line."""

    is_approved: bool
    reason: str


def score(
    model: nn.Module,
    authors: Mapping[str, Sequence[Example]],
    others: Mapping[str, Path],
    arithmetic: Arithmetic,
    *,
    load: Callable[[], nn.Module],
    batch_size: int,
    report: Callable[[int, int, str], None],
) -> Scores:
    """Measure every author's held-out mail with the base model, the trained one and other adapters.

    `load` loads the base model, for what the trained one cannot show of it.
    """
    scores: Scores = {author: {} for author in authors}
    total, done = len(authors) * (2 + len(others)), 0

    def measure(writer: nn.Module, column: str) -> None:
        nonlocal done
        for author, examples in authors.items():
            scores[author][column] = nats_per_byte(writer, examples, arithmetic, batch_size)
            done += 1
            report(done, total, f"{author} by {column}")

    with scored_with(model, None, load) as base:
        measure(base, BASE)
    measure(model, THIS)
    for name, path in others.items():
        with scored_with(model, path, load) as other:
            measure(other, name)
    return scores


def serving_adapters(root: Path, accounts: Sequence[str], base_model: str) -> dict[str, Path]:
    """Return the adapters in service, or ready for it, that were trained on this base model and prompt."""
    found = {}
    for account in accounts:
        approved = [card.version for card in list_cards(root, account) if card.is_approved]
        version = current_version(root, account) or max(approved, default=None)
        if version is None:
            continue
        path = folder(root, account, version)
        try:
            card = read_card(path)
        except StoreError:
            continue  # whoever serves it will say so
        if (card.base_model, card.prompt_version) == (base_model, PROMPT_VERSION):
            found[card.name] = path
    return found


def judge(scores: Scores, author: str) -> Verdict:
    """Approve an adapter that is nearer to its author's held-out mail than the base model."""
    base, this = scores[author][BASE], scores[author][THIS]
    change = f"held-out loss {this:.3f} nats per byte, {base:.3f} without the adapter ({this / base - 1:+.1%})"
    if this < base:
        return Verdict(is_approved=True, reason=f"approved: {change}")
    return Verdict(is_approved=False, reason=f"not approved, the base model is nearer to the author: {change}")


def format_table(scores: Scores) -> str:
    """Return the scores as text, a row for each author, the best of each row marked."""
    columns = list(next(iter(scores.values())))
    rows = [["author", *columns]]
    for author, losses in scores.items():
        best = min(losses.values())
        rows.append([author, *(f"{loss:.3f}{'*' if loss == best else ' '}" for loss in losses.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(["Held-out loss, nats per byte (* = nearest to the author)", *lines])
