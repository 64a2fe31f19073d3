"""Many prompts at once lead to what each would lead to alone."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.trainer.learners import FP32
from trainer.evaluation.drafting import by_parts, write_drafts
from trainer.profiling.generate import reply
from trainer.training.model import load_model, load_tokenizer

PROMPTS = [[0, 3, 40, 41, 42, 4], [0, 3, 50, 4], [0, 3, *range(60, 80), 4], [0, 3, 90, 91, 4]]


@pytest.fixture(scope="module")
def model(tiny: Path) -> nn.Module:
    """The tiny model."""
    return load_model(str(tiny), torch.float32, "cpu")


def test_a_draft_does_not_depend_on_the_prompts_beside_it(tiny: Path, model: nn.Module) -> None:
    """Short and long prompts together give what each gives alone, in the order they were given."""
    tokenizer = load_tokenizer(str(tiny))
    together = write_drafts(model, PROMPTS, tokenizer, FP32, most=16)
    alone = [write_drafts(model, [prompt], tokenizer, FP32, most=16)[0] for prompt in PROMPTS]
    assert together == alone
    assert len(set(together)) > 1


def test_a_draft_ends_where_the_model_ends_it(
    tiny: Path, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """An end that the model's own settings name ends it too; neither it nor what follows is written."""
    tokenizer, (prompt, *_) = load_tokenizer(str(tiny)), PROMPTS
    whole = reply(model, tuple(prompt), 8)
    at = next(number for number, token in enumerate(whole) if token not in whole[:number] and number)
    monkeypatch.setattr(model.generation_config, "eos_token_id", [whole[at]])
    (written,) = write_drafts(model, [prompt], tokenizer, FP32, most=8)
    assert written == tokenizer.decode(whole[:at], skip_special_tokens=True).strip()


def test_no_more_lies_in_memory_than_is_said(
    tiny: Path, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Prompts and drafts together; a prompt that is longer than that by itself is read alone."""
    read: list[tuple[int, ...]] = []
    generate = model.generate

    def watched(**asked: object) -> object:
        read.append(tuple(asked["input_ids"].shape))  # type: ignore[attr-defined]
        return generate(**asked)  # type: ignore[operator]

    monkeypatch.setattr(model, "generate", watched)
    tokenizer = load_tokenizer(str(tiny))
    bounded = write_drafts(model, PROMPTS, tokenizer, FP32, most=8, at_once=70)
    assert read == [(2, 23), (2, 5)]
    read.clear()
    assert write_drafts(model, PROMPTS, tokenizer, FP32, most=8, at_once=4) == bounded
    assert [rows for rows, _ in read] == [1] * 4


def test_no_prompts_give_no_drafts(tiny: Path, model: nn.Module) -> None:
    """Nothing is generated."""
    assert write_drafts(model, [], load_tokenizer(str(tiny)), FP32, most=4) == []


def test_what_has_no_room_is_asked_in_smaller_parts() -> None:
    """Halved until it fits, and nothing is asked twice; one that never fits is an error."""
    asked: list[list[int]] = []

    def answer(some: object) -> list[int]:
        numbers = list(some)  # type: ignore[call-overload]
        if len(numbers) > 2:
            raise torch.OutOfMemoryError
        asked.append(numbers)
        return numbers

    assert by_parts(range(7), 5, answer) == list(range(7))
    assert asked == [[0, 1], [2, 3], [4, 5], [6]]

    def refuse(_: object) -> list[int]:
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        by_parts([1], 5, refuse)
