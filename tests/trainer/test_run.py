"""A whole run, from an archive to a published adapter."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.adapter import LEARNED, has_learned, list_cards, read_card, seal
from connectors.adapter.marks import digest
from connectors.archive import Archive
from connectors.base_model import revision
from connectors.errors import CyranoError, ModelMissing, StoreBusy, TooFewMails, TrainError
from connectors.evaluation import PAGE, read_evaluation
from connectors.job import FILE, TrainJob, write_job
from retrieval.prompt import PROMPT_VERSION
from tests.trainer.runs import SETTINGS, ana_and_ben, carry_out
from trainer import run as runs
from trainer.holding import hold
from trainer.progress import Progress


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> TrainJob:
    """A job for Ana, with Ben's account beside hers."""
    return ana_and_ben(tiny, tmp_path)


def test_a_run_ends_with_a_published_adapter_and_its_card(job: TrainJob) -> None:
    """The adapter is whole, its card complete, and nothing made from mail stays in the run's folder."""
    code, said, folder = carry_out(job)
    assert code == 0, said[-1]
    result = said[-1]["result"]
    assert result["adapter"] == "ana@v1"
    assert list(dict.fromkeys(line["stage"] for line in said[:-1])) == [
        "start", "playback", "examples", "train", "evaluate", "publish",
    ]  # fmt: skip
    card = read_card(job.adapters / "ana" / "v1")
    assert (card.base_model, card.prompt_version, card.method) == (job.model, PROMPT_VERSION, "lora")
    sides = [card.data[side] for side in ("mails", "learned", "validation", "held_out")]
    assert (sides, card.data["instructions"]) == ([40, 28, 4, 8], {"given": 40})
    assert set(card.scores) == {"ana", "ben"}
    assert set(card.scores["ana"]) == {"base", "this"}
    assert card.is_approved
    assert card.scores["ana"]["this"] < card.scores["ana"]["base"]
    assert any("author" in line for line in result["report"])
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "lock", "result.json"]
    assert [path.name for path in (job.adapters / "ana").iterdir()] == ["v1"]
    # It tells which mail it learned from or was chosen by, not what judged it: forgetting that taints no adapter.
    here = job.adapters / "ana" / "v1"
    statistics = json.loads((here / "statistics.json").read_bytes())
    assert statistics["training"]["steps"] == 4
    assert statistics["held_out"]["trained"]["nats_per_byte"] == card.scores["ana"]["this"]
    assert "How it learned" in (here / "report.html").read_text("utf-8")
    with Archive.open(job.archive_url) as archive:
        ids = [mail.email.message_id for mail in archive.mails("ana")]
    learned = [message_id for message_id in ids if has_learned(job.adapters, card, {message_id})]
    assert len(learned) == card.data["learned"] + card.data["validation"] == len(ids) - card.data["held_out"]
    # One secret was planted among them, and no list of mails holds it.
    assert card.data["canaries"] == 1
    assert len(json.loads((here / LEARNED).read_bytes())) == len(learned)
    # What the gate said stands in the card, and all that it was said for beside it.
    evaluation = read_evaluation(here)
    assert evaluation
    assert (evaluation.reason, evaluation.table, evaluation.incumbent) == (card.verdict, card.scores, card.parent)
    assert (card.parent, card.base_revision) == (None, revision(job.model))
    assert len(evaluation.judged) == evaluation.drafted == 8
    assert any("adapter+rag" in line for line in result["report"])
    assert (here / PAGE).stat().st_size > 1000


def test_the_next_adapter_is_judged_beside_the_one_in_service(job: TrainJob) -> None:
    """It has arms and a column of its own, is the parent, and mail that it learned from judges nobody."""
    carry_out(job)
    known = [f"m{number}@Ana Sá" for number in range(34, 38)]
    here = job.adapters / "ana" / "v1"
    _forge_learned(here, known)
    code, said, _ = carry_out(job.model_copy(update={"run": "ana-2"}))
    assert code == 0, said[-1]
    card = read_card(job.adapters / "ana" / "v2")
    evaluation = read_evaluation(job.adapters / "ana" / "v2")
    assert evaluation
    assert (card.parent, evaluation.incumbent) == ("ana@v1", "ana@v1")
    assert list(card.scores["ana"]) == ["base", "this", "ana@v1"]
    assert {"incumbent", "incumbent+rag"} <= set(evaluation.measures[0].arms)
    assert len(evaluation.judged) == 4
    assert not card.is_approved
    assert "2 more" in card.verdict


def _forge_learned(path: Path, message_ids: list[str]) -> None:
    """Let an adapter say that it learned from these mails, too."""
    card = read_card(path)
    digests = json.loads((path / LEARNED).read_bytes()) + [digest(each) for each in message_ids]
    (path / LEARNED).write_text(json.dumps(digests), "utf-8")
    seal(path, card)


def test_other_accounts_adapters_stand_in_the_table(job: TrainJob) -> None:
    """The second account's table holds the first one's adapter too."""
    carry_out(job)
    _, said, _ = carry_out(job.model_copy(update={"run": "ben-1", "account": "ben"}))
    assert list(said[-1]["result"]["scores"]["ben"]) == ["base", "this", "ana@v1"]


def test_a_run_publishes_once(job: TrainJob) -> None:
    """Stopped between publishing and its last word, a run gives the same adapter when started again."""
    _, first, folder = carry_out(job)
    (folder / "result.json").unlink()
    code, again, _ = carry_out(job)
    assert code == 0
    assert again[-1] == first[-1]
    assert len(list_cards(job.adapters, "ana")) == 1


def test_a_run_stopped_early_tells_and_trains_nothing(job: TrainJob) -> None:
    """It counts mails, tokens and steps, shows an example, and leaves no adapter."""
    code, said, folder = carry_out(job.model_copy(update={"stop_after": "examples"}))
    result = said[-1]["result"]
    assert code == 0
    assert result["steps"] == 4
    assert result["tokens"] > 1000
    assert "Instruction: Ask about" in result["report"][-1]
    assert not job.adapters.exists()
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "lock", "result.json"]


def test_what_was_excluded_meanwhile_is_not_learned_from(job: TrainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that failed after making its examples makes them anew when a mail has been taken out since."""
    with monkeypatch.context() as broken:
        broken.setattr(
            runs, "learn", fail_with(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
        )
        assert carry_out(job)[0] == 1
    with Archive.open(job.archive_url) as archive:
        archive.exclude("ana", "m3@Ana Sá")
    _, said, _ = carry_out(job)
    assert said[-1]["result"]["data"]["mails"] == 39


def test_too_few_mails_are_counted(job: TrainJob) -> None:
    """The error says how many there are, how many are needed and what to do."""
    few = job.model_copy(update={"settings": SETTINGS.model_copy(update={"min_mails": 41})})
    code, said, _ = carry_out(few)
    assert code == 1
    assert "40 mails" in said[-1]["error"]
    assert "41" in said[-1]["error"]
    assert "cyrano sync" in said[-1]["hint"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model": "/nowhere"}, ModelMissing),
        ({"settings": SETTINGS.model_copy(update={"min_mails": 41})}, TooFewMails),
        ({"settings": SETTINGS.model_copy(update={"max_tokens": 40})}, TooFewMails),
    ],
)
def test_a_run_that_cannot_be_says_why(job: TrainJob, changes: dict[str, Any], kind: type[CyranoError]) -> None:
    """Each hopeless case has its own error with a hint, before anything is trained."""
    bad = job.model_copy(update=changes)
    write_job(job.home / "runs" / "x", bad)
    with pytest.raises(kind) as caught:
        runs.run(job.home / "runs" / "x", bad, Progress(io.StringIO()), api_key="none")
    assert caught.value.hint
    assert not job.adapters.exists()


def fail_with(error: Exception) -> Callable[..., None]:
    """Return a function that takes anything and raises."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory_says_what_to_lower(job: TrainJob, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Python's and torch's ways of running out of memory give the same advice."""
    monkeypatch.setattr(runs, "learn", fail_with(error))
    write_job(job.home / "runs" / "x", job)
    with pytest.raises(TrainError) as caught:
        runs.run(job.home / "runs" / "x", job, Progress(io.StringIO()), api_key="none")
    assert "batch_size" in caught.value.hint


def test_a_defect_is_no_traceback_on_stdout(job: TrainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong, the last line is an error and the exit code 1."""
    monkeypatch.setattr(runs, "learn", fail_with(ValueError("secret mail text")))
    code, said, _ = carry_out(job)
    assert code == 1
    assert "secret" not in said[-1]["error"]


def test_one_process_at_a_time(job: TrainJob) -> None:
    """A second trainer on the same run is turned away."""
    folder = job.home / "runs" / job.run
    write_job(folder, job)
    with hold(folder), pytest.raises(StoreBusy):
        runs.run(folder, job, Progress(io.StringIO()), api_key="none")
