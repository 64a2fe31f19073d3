"""Packed examples do not see each other."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from tests.trainer.learners import make
from trainer.data.packing import IGNORED, collate, pack

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=20)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("rows", [[[9, 1, 14, 2]], [[9, 5], [30], [1, 1, 1]]])
def test_a_packed_example_has_the_logits_it_has_alone(tiny: Path, attention: str, rows: list[list[int]]) -> None:
    """Neither neighbours in the row nor fillers change what the model says to an example."""
    model = AutoModelForCausalLM.from_pretrained(tiny, attn_implementation=attention)
    examples = [[make(length, start=10 * r + c) for c, length in enumerate(row)] for r, row in enumerate(rows)]
    batch = collate(examples)
    with torch.no_grad():
        packed = model(input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits
        for row, logits in zip(examples, packed, strict=True):
            start = 0
            for example in row:
                alone = model(input_ids=torch.tensor([example.tokens])).logits[0]
                torch.testing.assert_close(logits[start : start + len(example.tokens)], alone, atol=1e-5, rtol=1e-5)
                start += len(example.tokens)


def test_without_restarting_positions_a_neighbour_would_be_seen(tiny: Path) -> None:
    """The test above can fail: with running positions the second example's logits differ."""
    model = AutoModelForCausalLM.from_pretrained(tiny)
    first, second = make(9), make(8, start=3)
    ids = torch.tensor([first.tokens + second.tokens])
    with torch.no_grad():
        leaking = model(input_ids=ids, use_cache=False).logits[0, len(first.tokens) :]
        alone = model(input_ids=torch.tensor([second.tokens])).logits[0]
    assert not torch.allclose(leaking, alone, atol=1e-3)


def test_only_replies_are_labelled() -> None:
    """The labels are the reply's tokens, each one position earlier, and nothing of prompts or fillers."""
    long, short = make(7, prompt=4), make(5, start=2, prompt=3)
    labels = collate([[long], [short]]).labels.tolist()
    assert labels[0] == [IGNORED] * 3 + list(long.tokens[4:]) + [IGNORED]
    assert labels[1] == [IGNORED] * 2 + list(short.tokens[3:]) + [IGNORED] * 3


@given(LENGTHS)
def test_packing_keeps_every_example_once(lengths: list[int]) -> None:
    """Packing neither loses nor doubles an example."""
    examples = [make(length, start=index) for index, length in enumerate(lengths)]
    packed = [example for row in pack(examples) for example in row]
    assert sorted(e.message_id for e in packed) == sorted(e.message_id for e in examples)


@given(LENGTHS)
def test_rows_are_short_and_full(lengths: list[int]) -> None:
    """No row is longer than two of the longest example, and there are no more rows than the tokens can fill."""
    rows = [sum(len(e.tokens) for e in row) for row in pack([make(length) for length in lengths])]
    assert max(rows) <= 2 * max(lengths)
    assert len(rows) <= max(1, sum(lengths) // max(lengths))
