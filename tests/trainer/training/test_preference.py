"""Preferences: the sent reply gains on the draft, measured against the model as the stage began."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from connectors.errors import TooFewMails
from connectors.train_settings import TrainSettings
from tests.trainer.learners import FP32, HELD_OUT, SETTINGS, make, silent, wrapped
from trainer.data.packing import Example
from trainer.data.pairs import Pair
from trainer.training import loop
from trainer.training.model import load_tokenizer
from trainer.training.preference import FOLDER, Outcome, Preferences, has_enough, prefer, split_pairs
from trainer.training.reference import pair_log_probs, reply_log_probs
from trainer.training.workers import Alone

STAGE = SETTINGS.model_copy(update={"preference_rate": 1e-2, "preference_epochs": 3, "preference_beta": 0.2})


def pair(number: int) -> Pair:
    """Return two replies to one prompt. What is sent ends in one way, what is drafted in another."""
    prompt = make(5, start=number).tokens
    sent, drafted = (*make(4, start=200 + number).tokens, 7, 9, 11), (*make(6, start=300 + number).tokens, 8, 10)
    return Pair(
        message_id=f"p{number}",
        chosen=Example(message_id=f"p{number}", tokens=prompt + sent, prompt_tokens=5, reply_bytes=7),
        rejected=Example(message_id=f"p{number}", tokens=prompt + drafted, prompt_tokens=5, reply_bytes=8),
    )


PAIRS = [pair(number) for number in range(20)]


def known(model: nn.Module) -> dict[str, tuple[float, float]]:
    """Return what a model thinks of all pairs, computed one by one."""
    with torch.no_grad():
        rows = [pair_log_probs(model.eval(), [each], FP32)[0].tolist() for each in PAIRS]
    return {each.message_id: (row[0], row[1]) for each, row in zip(PAIRS, rows, strict=True)}


def stage(model: nn.Module, folder: Path, *, settings: TrainSettings = STAGE, report: loop.Report = silent) -> Outcome:
    """Carry out the stage on all pairs."""
    return prefer(model, PAIRS, settings, arithmetic=FP32, folder=folder, report=report, mails=HELD_OUT)


def test_packed_replies_have_the_probability_they_have_alone(tiny: Path) -> None:
    """In one batch with others, in whatever order, a reply has the log-probability a plain sum gives it."""
    model = wrapped(tiny, SETTINGS).eval()
    examples = [make(9, start=1, prompt=4), PAIRS[0].rejected, make(17, start=2, prompt=3), PAIRS[0].chosen]
    with torch.no_grad():
        together = reply_log_probs(model, examples, FP32)
        for example, found in zip(examples, together.tolist(), strict=True):
            scores = model(input_ids=torch.tensor([example.tokens])).logits[0].log_softmax(-1)
            reply = range(example.prompt_tokens, len(example.tokens))
            assert found == pytest.approx(sum(scores[at - 1, example.tokens[at]].item() for at in reply), rel=1e-4)


def test_at_first_nothing_is_preferred(tiny: Path) -> None:
    """Against itself the model has no margin, and its loss is that of a tossed coin."""
    model = wrapped(tiny, SETTINGS)
    standing = Preferences(known(model), beta=0.5).stand(model, PAIRS, FP32, 3)
    assert standing.loss == pytest.approx(math.log(2), abs=1e-5)
    assert standing.margin == pytest.approx(0, abs=1e-5)


def test_the_loss_is_the_formula_of_the_paper(tiny: Path) -> None:
    """-log sigmoid(beta ((c - c_ref) - (r - r_ref))), summed, with a reference of any numbers."""
    model = wrapped(tiny, SETTINGS).eval()
    reference = {each.message_id: (-30.0 - index, -28.0) for index, each in enumerate(PAIRS)}
    now = known(model)
    expected = 0.0
    for each in PAIRS[:5]:
        chosen, rejected = now[each.message_id]
        before = reference[each.message_id]
        expected += math.log1p(math.exp(-0.3 * ((chosen - before[0]) - (rejected - before[1]))))
    loss = Preferences(reference, beta=0.3).loss(model, PAIRS[:5], FP32)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.process
def test_the_loss_is_trls(tiny: Path, tmp_path: Path) -> None:
    """TRL's trainer gives the same mean loss and the same margins for the same pairs, model and reference."""
    from datasets import Dataset  # noqa: PLC0415  takes seconds
    from trl import DPOConfig, DPOTrainer  # noqa: PLC0415

    model = wrapped(tiny, SETTINGS).eval()
    reference = {each.message_id: (-30.0 - index, -28.0) for index, each in enumerate(PAIRS)}
    ours = Preferences(reference, beta=0.3).stand(model, PAIRS, FP32, 4)
    trainer = DPOTrainer(
        model=model.merge_and_unload(),  # type: ignore[operator]
        args=DPOConfig(output_dir=str(tmp_path), beta=0.3, report_to=[], use_cpu=True, bf16=False),
        train_dataset=Dataset.from_list([{"prompt": "hello", "chosen": "thanks", "rejected": "meeting"}]),
        processing_class=load_tokenizer(str(tiny)),
    )
    trainer.precompute_ref_logps = True
    batch = trainer.data_collator([as_trl(each, reference) for each in PAIRS])
    theirs = trainer._compute_loss(trainer.model, batch, return_outputs=False)
    assert ours.loss == pytest.approx(theirs.item(), rel=1e-5)
    (logged,) = trainer._metrics["eval"]["rewards/margins"]
    assert ours.margin == pytest.approx(logged, rel=1e-4)


def as_trl(each: Pair, reference: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """Return a pair as TRL holds it."""
    cut = each.chosen.prompt_tokens
    return {
        "prompt_ids": list(each.chosen.tokens[:cut]),
        "chosen_ids": list(each.chosen.tokens[cut:]),
        "rejected_ids": list(each.rejected.tokens[cut:]),
        "ref_chosen_logps": reference[each.message_id][0],
        "ref_rejected_logps": reference[each.message_id][1],
    }


def test_accumulation_over_pairs_equals_the_big_batch(tiny: Path) -> None:
    """Eight pairs, cut into batches of 8, 3 or 1, give one and the same step."""
    objective = Preferences(known(wrapped(tiny, SETTINGS)), beta=1.0)
    after = []
    for size in (8, 3, 1):
        settings = SETTINGS.model_copy(update={"dropout": 0.0})
        training: loop.Training[Pair] = loop.prepare(
            wrapped(tiny, settings),
            objective,
            settings,
            arithmetic=FP32,
            total=1,
            batch_size=size,
        )
        loop.step(training, PAIRS[:8])
        after.append(Alone().weights(training.model))
    for weights in after[1:]:
        for name, weight in weights.items():
            torch.testing.assert_close(weight, after[0][name], atol=1e-5, rtol=1e-4)


def test_the_margin_rises_on_pairs_that_were_not_learned_from(tiny: Path, tmp_path: Path) -> None:
    """After the stage the model prefers what is sent, also in the newest pairs; the loss of held-out mail is told."""
    model = wrapped(tiny, STAGE)
    outcome = stage(model, tmp_path)
    assert (outcome.learned, outcome.held_out) == (18, 2)
    assert outcome.is_kept
    assert outcome.before.margin == pytest.approx(0, abs=1e-5)
    assert outcome.after.margin > 0.1
    assert outcome.after.loss < outcome.before.loss == pytest.approx(math.log(2), abs=1e-5)
    assert outcome.after.accuracy == 1
    assert outcome.mails_before is not None
    assert outcome.mails_before != outcome.mails_after


def test_a_stage_that_does_not_help_changes_nothing(tiny: Path, tmp_path: Path) -> None:
    """A rate that spoils the model leaves it with the very weights it had."""
    model = wrapped(tiny, STAGE)
    before = Alone().weights(model)
    worse = [Pair(message_id=each.message_id, chosen=each.rejected, rejected=each.chosen) for each in PAIRS[:18]]
    outcome = prefer(
        model, [*worse, *PAIRS[18:]], STAGE, arithmetic=FP32, folder=tmp_path, report=silent
    )  # fmt: skip
    assert not outcome.is_kept
    assert outcome.after.loss > outcome.before.loss
    for name, weight in Alone().weights(model).items():
        assert torch.equal(weight, before[name])


def test_nothing_is_dropped_out_while_preferences_are_learned(tiny: Path, tmp_path: Path) -> None:
    """Dropout would set the model apart from its reference; after the stage it is what it was."""
    model = wrapped(tiny, STAGE)
    seen: set[float] = set()

    def look(_done: int, _total: int, _note: str) -> None:
        seen.update(module.p for module in model.modules() if isinstance(module, nn.Dropout))

    stage(model, tmp_path, report=look)
    assert seen == {0.0}
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {STAGE.dropout}


def test_the_reference_is_that_of_the_beginning(tiny: Path, tmp_path: Path) -> None:
    """A stage that goes on reads its reference; one that begins with other weights makes its own, and begins anew."""
    stage(wrapped(tiny, STAGE), tmp_path)
    path = tmp_path / FOLDER / "reference.json"
    first = path.read_bytes()
    steps: list[int] = []
    stage(wrapped(tiny, STAGE), tmp_path, report=lambda done, _total, _note: steps.append(done))
    assert path.read_bytes() == first
    assert steps == []
    other = wrapped(tiny, STAGE)
    Alone().put(other, {name: weight + 0.01 for name, weight in Alone().weights(other).items()})
    stage(other, tmp_path, report=lambda done, _total, _note: steps.append(done))
    assert json.loads(path.read_bytes())["key"] != json.loads(first)["key"]
    assert steps


@pytest.mark.process
def test_a_killed_stage_ends_like_an_unbroken_one(tiny: Path, tmp_path: Path) -> None:
    """Killed after some steps and started again, the stage ends with the very same weights and losses."""
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    broken.mkdir()
    unbroken.mkdir()
    code = f"""
import os, signal
from pathlib import Path
from tests.trainer.training.test_preference import STAGE, stage, wrapped
def report(done, total, note):
    if done == 4:
        os.kill(os.getpid(), signal.SIGKILL)
stage(wrapped(Path({str(tiny)!r}), STAGE), Path({str(broken)!r}), report=report)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    ends = []
    for folder in (broken, unbroken):
        model = wrapped(tiny, STAGE)
        outcome = stage(model, folder)
        ends.append((Alone().weights(model), outcome.progress.losses, outcome.before, outcome.after))
    assert ends[0][1:] == ends[1][1:]
    for name, weight in ends[0][0].items():
        assert torch.equal(weight, ends[1][0][name]), name


def test_the_newest_pairs_measure() -> None:
    """A tenth is held out, the newest, and two at least; with fewer than four pairs there is no stage."""
    many = [pair(number) for number in range(45)]
    learned, held_out = split_pairs(many)
    assert [each.message_id for each in held_out] == ["p41", "p42", "p43", "p44"]
    assert len(learned) == 41
    assert len(split_pairs(many[:5])[1]) == 2
    with pytest.raises(TooFewMails):
        split_pairs(many[:3])
    assert not has_enough(many[:3], STAGE.model_copy(update={"min_pairs": 1}))
    assert has_enough(many[:16], STAGE)
    assert not has_enough(many[:15], STAGE)
