"""Exported examples are what the model reads, and nothing is left out without a reason."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.archive import Archive
from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from retrieval.tokens import counter_for
from tests.trainer.data.accounts import add_long_thread, fill
from tests.trainer.mails import ANA
from trainer.data.examples import Writing, tokenise
from trainer.data.export import export_examples
from trainer.data.gather import gather, open_source
from trainer.progress import Progress
from trainer.training.model import load_tokenizer

SETTINGS = TrainSettings(retrieval_probability=0, window=30, max_tokens=300, drop_instruction=0.5)


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> TrainJob:
    """A run on Ana's mail, some of it too long for the model."""
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    with Archive.open(url) as archive:
        fill(archive, "ana", ANA, 40)
    return TrainJob(
        run="ana-1", account="ana", home=tmp_path, archive_url=url, model=str(tiny), prompt_budget=300,
        settings=SETTINGS, adapters=tmp_path / "adapters", engine_model="base",
        retrieval={"count": 0},
    )  # fmt: skip


@pytest.fixture
def writing(job: TrainJob) -> Writing:
    """The tiny model's way of reading."""
    return Writing(
        tokenizer=load_tokenizer(job.model), count=counter_for(job.model), prompt_budget=300,
        max_tokens=SETTINGS.max_tokens,
    )  # fmt: skip


def export(job: TrainJob, writing: Writing) -> list[dict[str, Any]]:
    """Return the exported lines."""
    output = job.home / "examples.jsonl"
    with open_source(job) as source:
        export_examples(source, job, writing, job.home, output, say=Progress(io.StringIO()))
    assert output.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in output.read_bytes().splitlines()]


def test_the_examples_are_those_that_are_learned(job: TrainJob, writing: Writing) -> None:
    """Prompt and reply are the tokens of the run, and say where their instruction came from."""
    lines = [line for line in export(job, writing) if not line["reason"]]
    with open_source(job) as source:
        folder = job.home / "run"
        folder.mkdir()
        material = gather(source, job, writing, folder, writer=None, say=Progress(io.StringIO()))
    for part, examples in (("learned", material.learned), ("held out", material.measures["ana"])):
        shown = [line for line in lines if line["part"] == part]
        assert [line["message_id"] for line in shown] == [example.message_id for example in examples]
        for line, example in zip(shown, examples, strict=True):
            asked, answer = tokenise(line["messages"], line["reply"], writing.tokenizer)
            assert (*asked, *answer) == example.tokens
            assert (line["tokens"], line["reply_tokens"]) == (len(example.tokens), example.reply_tokens)
    assert {line["instruction"] for line in lines} == {"given", "extract", None}


def test_every_mail_that_gives_none_has_its_reason(job: TrainJob, writing: Writing) -> None:
    """Too long, too old, or not learned from; together with the examples they are all there is."""
    lines = export(job, writing)
    reasons = {line["message_id"]: line["reason"] for line in lines}
    assert len(lines) == len(reasons) == 41
    assert reasons["fwd"] == "a forward"
    assert reasons["m0@Ana Sá"] == "older than the window"
    assert set(reasons.values()) == {"", "a forward", "older than the window", "too long"}


def test_what_was_excluded_is_told_of_and_not_shown(job: TrainJob, writing: Writing) -> None:
    """Nor is it in the thread of another."""
    with Archive.open(job.archive_url) as archive:
        archive.exclude("ana", "m20@Ana Sá")
    excluded = [line for line in export(job, writing) if line["message_id"] == "m20@Ana Sá"]
    assert excluded == [
        {"account": "ana", "message_id": "m20@Ana Sá", "part": None, "reason": "taken out by its owner"}
    ]


def test_what_waits_is_told_of(job: TrainJob, writing: Writing) -> None:
    """The newest mail of a long thread is in no part, and has its reason."""
    with Archive.open(job.archive_url) as archive:
        add_long_thread(archive)
    reasons = {line["message_id"]: line["reason"] for line in export(job, writing) if line["part"] is None}
    assert reasons["long 50"] == "newer than what is learned of its thread"
