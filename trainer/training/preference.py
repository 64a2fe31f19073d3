"""Learn from drafts that were changed: rather what was sent than what was drafted (DPO, arXiv 2305.18290).

The rules this module keeps:
1. Preferences are measured against the model as the stage began. Its log-probabilities are computed once, before the
   first step, and kept in the stage's folder; a stage that was killed goes on against the same ones.
2. The stage can only help: unless the loss on the newest pairs, which are not learned from, has fallen, the model is
   left as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from connectors.errors import TooFewMails
from connectors.train_settings import TrainSettings
from trainer.data.packing import Example, batches
from trainer.data.pairs import Pair
from trainer.training.checkpoint import Progress
from trainer.training.hardware import Arithmetic
from trainer.training.loop import Report, Training, prepare, steps_per_epoch, train
from trainer.training.objective import Replies
from trainer.training.reference import Reference, find_reference, measuring, no_dropout, pair_log_probs
from trainer.training.workers import Alone, Workers

FOLDER = "preference"
"""The stage's own folder within that of the run: reference and checkpoints."""
FEWEST = 2
"""Pairs held out at least."""
HELD_OUT_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a model stands on some pairs."""

    loss: float
    accuracy: float
    """Share of the pairs whose sent reply has gained more than the draft, since the stage began."""
    margin: float
    """By how much on the average, in nats times beta."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the stage did."""

    progress: Progress
    learned: int
    """Pairs learned from."""
    held_out: int
    """Pairs that only measured."""
    before: Standing
    after: Standing
    """On the held-out pairs, with the weights of the best epoch, whether they were kept or not."""
    mails_before: float | None
    """Loss of held-out mail in nats per byte, if there was any."""
    mails_after: float | None
    is_kept: bool

    def summary(self) -> dict[str, Any]:
        """Return all but the progress, as JSON."""
        return {name: value for name, value in asdict(self).items() if name != "progress"}


def read_outcome(summary: Mapping[str, Any], progress: Progress) -> Outcome:
    """Read what `summary` returned, of a stage with this progress."""
    standings = {name: Standing(**summary[name]) for name in ("before", "after")}
    return Outcome(**{**summary, **standings, "progress": progress})


class Preferences:
    """The objective: the sent reply should gain on the draft, by what the model thought of both as the stage began."""

    def __init__(self, reference: Reference, *, beta: float, is_packed: bool = True) -> None:
        self._reference = reference
        self._beta = beta
        self._is_packed = is_packed

    def weigh(self, item: Pair) -> int:  # noqa: ARG002  an objective weighs by item
        """Return 1: pairs count alike."""
        return 1

    def size(self, item: Pair) -> int:  # noqa: ARG002  as above
        """Return 1."""
        return 1

    def length(self, item: Pair) -> int:
        """Return the tokens of both, with the prompt of each."""
        return len(item.chosen.tokens) + len(item.rejected.tokens)

    def loss(self, model: nn.Module, items: Sequence[Pair], arithmetic: Arithmetic) -> torch.Tensor:
        """Return -log sigmoid(margin), summed over the pairs."""
        return -functional.logsigmoid(self._margins(model, items, arithmetic)).sum()

    def measure(self, model: nn.Module, items: Sequence[Pair], arithmetic: Arithmetic, batch_size: int) -> float:
        """Return the mean loss of the pairs."""
        return self.stand(model, items, arithmetic, batch_size).loss

    def stand(self, model: nn.Module, items: Sequence[Pair], arithmetic: Arithmetic, batch_size: int) -> Standing:
        """Return where the model stands on some pairs. It is left in training mode if it was."""
        with measuring(model), arithmetic.autocast():
            margins = torch.cat([self._margins(model, some, arithmetic) for some in batches(items, batch_size)])
        return Standing(
            loss=-functional.logsigmoid(margins).mean().item(),
            accuracy=(margins > 0).float().mean().item(),
            margin=margins.mean().item(),
        )

    def _margins(self, model: nn.Module, items: Sequence[Pair], arithmetic: Arithmetic) -> torch.Tensor:
        """Return by how much each pair's sent reply has gained on the draft, times beta: [pairs]."""
        now = pair_log_probs(model, items, arithmetic, is_packed=self._is_packed)
        then = torch.tensor([self._reference[pair.message_id] for pair in items], device=now.device)
        gained = now - then
        return self._beta * (gained[:, 0] - gained[:, 1])


def prefer(
    model: nn.Module,
    pairs: Sequence[Pair],
    settings: TrainSettings,
    *,
    arithmetic: Arithmetic,
    folder: Path,
    report: Report,
    mails: Sequence[Example] = (),
    batch_size: int | None = None,
    workers: Workers | None = None,
) -> Outcome:
    """Let a trained model learn from pairs, and leave it as it was unless it got better on the newest of them.

    Args:
        model: Wrapped, with the weights the stage begins with; also when the stage goes on after a kill.
        pairs: Oldest first, one for a message.
        settings: The run's; the stage takes its own epochs and learning rate from them.
        arithmetic: How losses are computed.
        folder: The run's folder.
        report: Is told the step, the number of steps and a few words.
        mails: Held-out mail, to see whether the model writes it as well as before.
        batch_size: How many replies go through the model together, if not as many as the settings say.
        workers: Who trains the model, if not this process alone.

    Raises:
        TooFewMails: there are fewer than four pairs.
        StoreError: the disk is full, or what it holds cannot be read.
    """
    learned, held_out = split_pairs(pairs)
    workers = workers or Alone()
    replies_at_once = batch_size or settings.step_size // settings.accumulation
    # Both replies of a pair go through the model together, so half as many pairs take the memory of as many examples.
    at_once = max(1, replies_at_once // 2)
    start = workers.weights(model)
    writing = Replies(is_packed=settings.packing, way=settings.loss)

    def stand() -> tuple[Standing, float | None]:
        loss = writing.measure(model, mails, arithmetic, replies_at_once) if mails else None
        return objective.stand(model, held_out, arithmetic, at_once), loss

    with no_dropout(model):
        reference = find_reference(
            model, pairs, start, folder=folder / FOLDER, arithmetic=arithmetic, batch_size=at_once, workers=workers,
            is_packed=settings.packing,
        )  # fmt: skip
        objective = Preferences(reference, beta=settings.preference_beta, is_packed=settings.packing)
        before, mails_before = stand()
        training = _prepare(model, objective, settings, arithmetic, at_once, workers, len(learned))
        progress = train(
            training, learned, held_out, folder=folder / FOLDER,
            report=lambda done, total, _note: report(done, total, "preferences"),
        )  # fmt: skip
        after, mails_after = stand()
    is_kept = min(progress.losses[1:]) < progress.losses[0]
    if not is_kept:
        workers.put(model, start)
    return Outcome(
        progress=progress, learned=len(learned), held_out=len(held_out), before=before, after=after,
        mails_before=mails_before, mails_after=mails_after, is_kept=is_kept,
    )  # fmt: skip


def has_enough(pairs: Sequence[Pair], settings: TrainSettings) -> bool:
    """Tell whether the stage is worth its while: as many pairs as the settings want, and some on either side."""
    return len(pairs) >= max(settings.min_pairs, 2 * FEWEST)


def split_pairs(pairs: Sequence[Pair]) -> tuple[Sequence[Pair], Sequence[Pair]]:
    """Return what is learned from, and the newest tenth, which only measures.

    Raises:
        TooFewMails: too few would be left on either side.
    """
    if len(pairs) < 2 * FEWEST:
        raise TooFewMails(
            f"There are only {len(pairs)} changed drafts to learn from.", hint='Set [train] preference = "off" for now.'
        )
    count = max(FEWEST, round(len(pairs) * HELD_OUT_SHARE))
    return pairs[:-count], pairs[-count:]


def _prepare(  # noqa: PLR0917  what a stage consists of
    model: nn.Module,
    objective: Preferences,
    settings: TrainSettings,
    arithmetic: Arithmetic,
    at_once: int,
    workers: Workers,
    learned: int,
) -> Training[Pair]:
    """Put together the training of the stage, which has its own epochs and learning rate."""
    own = settings.model_copy(
        update={"epochs": settings.preference_epochs, "learning_rate": settings.preference_rate, "patience": 0}
    )
    total = steps_per_epoch(learned, own) * own.epochs
    return prepare(
        model, objective, own, arithmetic=arithmetic, total=total, batch_size=at_once, workers=workers
    )  # fmt: skip
