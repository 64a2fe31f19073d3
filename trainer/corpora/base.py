"""From a corpus to examples: what is learned, what chooses the best epoch, and what only tests the end.

The rules this module keeps:
1. No part (a dialogue, a document) stands on two sides.
2. The same corpus, settings and tokenizer give the same sides: the dice are those of the seed.
"""

import logging
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from connectors.corpus import Corpus
from connectors.errors import TrainError
from connectors.train_settings import TrainSettings
from trainer.corpora import alpaca, documents
from trainer.corpora.reading import Reading
from trainer.data.packing import Example

logger = logging.getLogger(__name__)

READERS: Mapping[str, Callable[[Path], Reading]] = {"alpaca": alpaca.read, "documents": documents.read}
SIDES = 3
"""Learned, held out and test: with fewer parts there is nothing for one of them."""
MOST = 200
"""Examples on a side that measures, above which a loss says nothing new."""
SAID = 20
"""Lines about what was left out, above which the rest is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMaterial:
    """All that training and measuring need, apart from the model."""

    learned: tuple[Example, ...]
    held_out: tuple[Example, ...]
    """What tells after each epoch how good the model is, and so chooses the best one."""
    test: tuple[Example, ...]
    """What nothing was chosen by."""
    counts: dict[str, Any]
    """What the card and the report tell of the data."""


def read_corpus(
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    settings: TrainSettings,
    *,
    max_tokens: int,
    samples: int | None = None,
) -> CorpusMaterial:
    """Return the examples of a corpus, each at most `max_tokens` long; of a large one no more than `samples`.

    Raises:
        UsageError: there is no such corpus, or it is of another kind.
        TrainError: it is too small to be split.
    """
    reading = READERS[corpus.kind](corpus.path)
    dice = random.Random(settings.seed)  # noqa: S311  not secrets
    dice.shuffle(reading.parts)
    made = _make(reading, tokenizer, max_tokens, samples)
    if len(made) < SIDES:
        raise TrainError(
            f"{corpus.path.name} gives {len(made)} parts to learn from; to learn, to hold out and to test, {SIDES} "
            f"are needed. Left out: {', '.join(f'{n} {why}' for why, n in reading.dropped.items()) or 'nothing'}.",
            hint="Add some, split a long one, or raise [train] max_tokens.",
        )
    total = min(samples or sys.maxsize, sum(map(len, made)))
    wanted = min(MOST, max(1, round(settings.holdout * total)))
    test = _take(made, wanted, leave=2)
    held_out = _take(made, wanted, leave=1)
    learned = [example for part in made for example in part]
    if samples is not None:
        test, held_out = test[:wanted], held_out[:wanted]
        learned = learned[: max(1, samples - len(test) - len(held_out))]
    logger.info("%d parts read, %d left out", len(reading.parts), sum(reading.dropped.values()))
    return CorpusMaterial(
        learned=tuple(learned),
        held_out=tuple(held_out),
        test=tuple(test),
        counts=_counts(corpus, reading, learned=len(learned), held_out=len(held_out), test=len(test)),
    )


def _make(
    reading: Reading, tokenizer: PreTrainedTokenizerBase, max_tokens: int, samples: int | None
) -> list[list[Example]]:
    """Return the examples of each part that gives any; no more parts than give `samples`, and one to measure by."""
    made: list[list[Example]] = []
    count = 0
    for part in reading.parts:
        if samples is not None and count >= samples and len(made) >= SIDES:
            break
        examples = []
        for example in part.examples(tokenizer, max_tokens):
            if example is None:
                reading.dropped["too long"] += 1
            else:
                examples.append(example)
        if examples:
            made.append(examples)
            count += len(examples)
    return made


def _take(parts: list[list[Example]], wanted: int, *, leave: int) -> list[Example]:
    """Take parts out, in order, as long as each brings nearer to `wanted` examples; the smallest one in any case."""
    taken: list[Example] = []
    for part in list(parts):
        if len(parts) > leave and abs(len(taken) + len(part) - wanted) < abs(len(taken) - wanted):
            taken.extend(part)
            parts.remove(part)
    if not taken:
        smallest = min(parts, key=len)
        taken.extend(smallest)
        parts.remove(smallest)
    return taken


def _counts(corpus: Corpus, reading: Reading, **sides: int) -> dict[str, Any]:
    problems = reading.problems[:SAID]
    if len(reading.problems) > SAID:
        problems.append(f"and {len(reading.problems) - SAID} more")
    return {
        "kind": corpus.kind,
        "parts": len(reading.parts),
        **sides,
        "dropped": dict(reading.dropped),
        "problems": problems,
    }
