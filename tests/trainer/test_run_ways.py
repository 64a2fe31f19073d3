"""The ways a run can go: other text, mail that was carried, every method, several processes, a last stage of pairs."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from connectors import schema
from connectors.adapter import read_card
from connectors.archive import Archive
from connectors.corpus import Corpus
from connectors.job import TrainJob
from tests.trainer.mails import START
from tests.trainer.runs import GATE, SETTINGS, ana_and_ben, carry_out
from trainer import run as runs

UNPLANTED = GATE.model_copy(update={"canaries": 0})
"""Canaries are each run's own; without them the same mail gives the same adapter in any run."""


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> TrainJob:
    """A job for Ana, with Ben's account beside hers."""
    return ana_and_ben(tiny, tmp_path)


def with_settings(job: TrainJob, **changes: Any) -> TrainJob:
    """Return the job with other settings."""
    return job.model_copy(update={"settings": SETTINGS.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("changes", "serving"),
    [
        ({"quantisation": "nf4", "optimiser": "paged_adamw_8bit"}, "lora"),
        ({"variant": "dora"}, "merged"),
        ({"method": "rosa"}, "merged"),
        ({"method": "full", "learning_rate": 1e-3}, "merged"),
        ({"batch_size": "auto", "loss": "chunked", "packing": False, "checkpointing": "on"}, "lora"),
    ],
)
def test_every_method_ends_with_a_card_and_a_table(job: TrainJob, changes: dict[str, Any], serving: str) -> None:
    """Whatever is trained gets nearer to its author than the base model, and says how it can be served."""
    code, said, _ = carry_out(with_settings(job, **changes))
    assert code == 0, said[-1]
    card = read_card(job.adapters / "ana" / "v1")
    assert card.serving == serving
    assert card.scores["ana"]["this"] < card.scores["ana"]["base"]


def test_rosa_is_measured_beside_an_adapter_of_lora(job: TrainJob) -> None:
    """Adapters of unlike methods stand in one table, and each still says what it said in its own run."""
    job = job.model_copy(update={"serving": "merged"})
    carry_out(with_settings(job, method="rosa"))
    own = read_card(job.adapters / "ana" / "v1").scores["ben"]["this"]
    _, said, _ = carry_out(job.model_copy(update={"run": "ben-1", "account": "ben"}))
    assert said[-1]["result"]["scores"]["ben"]["ana@v1"] == pytest.approx(own, rel=1e-4)


def test_a_corpus_is_learned_into_a_folder_of_its_own(job: TrainJob, tmp_path: Path) -> None:
    """Documents need no account: the folder holds adapter, card, report, and statistics with a test side."""
    for number in range(12):
        words = " ".join(f"word{number} and the meeting tomorrow" for _ in range(12))
        (tmp_path / "texts" / f"{number}.txt").parent.mkdir(exist_ok=True)
        (tmp_path / "texts" / f"{number}.txt").write_text(words, "utf-8")
    corpus = Corpus(kind="documents", path=tmp_path / "texts")
    wanted = {"corpus": corpus, "account": "texts", "archive_url": "", "output": tmp_path / "out"}
    code, said, _ = carry_out(job.model_copy(update=wanted))
    assert code == 0, said[-1]
    assert said[-1]["result"]["version"] is None
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_bytes())
    assert statistics["test"]["trained"]["perplexity"] < statistics["test"]["base"]["perplexity"]
    assert read_card(tmp_path / "out").account == "texts"
    # Stopped between the last rename and the last word, it tells the same again and trains nothing.
    (tmp_path / "runs" / job.run / "result.json").unlink()
    assert carry_out(job.model_copy(update=wanted))[1][-1] == said[-1]


def test_what_is_there_is_not_written_over(job: TrainJob, tmp_path: Path) -> None:
    """A folder that holds something is refused before hours have gone into the run."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", "utf-8")
    code, said, _ = carry_out(job.model_copy(update={"output": tmp_path / "out"}))
    assert code == 2
    assert "is there already" in said[-1]["error"]


def test_carried_mail_gives_the_very_same_adapter(job: TrainJob, tmp_path: Path) -> None:
    """Carried to a machine with no archive and trained there, the mail gives the same losses to the last digit."""
    job = job.model_copy(update={"gate": UNPLANTED})
    carry_out(job.model_copy(update={"run": "ana-0", "stop_after": "playback", "output": tmp_path / "data"}))
    away = {"run": "ana-2", "archive_url": "", "carried": tmp_path / "data", "output": tmp_path / "back"}
    code, said, _ = carry_out(job.model_copy(update=away))
    assert code == 0, said[-1]
    carry_out(job)
    here, there = read_card(job.adapters / "ana" / "v1"), read_card(tmp_path / "back")
    assert there.config["curve"]["losses"] == here.config["curve"]["losses"]
    assert there.weights_sha256 == here.weights_sha256


@pytest.mark.process
@pytest.mark.parametrize("method", ["full", "rosa"])
def test_two_processes_train_what_one_would(job: TrainJob, method: str) -> None:
    """Spread over two processes a run ends with the losses of one process, and the report tells of it."""
    job = job.model_copy(update={"gate": UNPLANTED})
    alone = with_settings(job, method=method, learning_rate=1e-3, dropout=0.0)
    assert carry_out(alone)[0] == 0
    spread = with_settings(job, method=method, learning_rate=1e-3, dropout=0.0, processes=2)
    code, said, _ = carry_out(spread.model_copy(update={"run": "ana-2"}))
    assert code == 0, said[-1]
    one, two = (read_card(job.adapters / "ana" / f"v{number}") for number in (1, 2))
    assert two.config["curve"]["losses"] == pytest.approx(one.config["curve"]["losses"], rel=1e-4)
    assert two.scores["ana"]["this"] == pytest.approx(one.scores["ana"]["this"], rel=1e-3)


def test_changed_drafts_make_a_last_stage(job: TrainJob) -> None:
    """With pairs of draft and sent mail the stage of preferences runs, and the report shows both sides."""
    with Archive.open(job.archive_url) as archive, archive.engine.begin() as connection:
        for number in range(24):
            connection.execute(insert(schema.draft).values(_draft(number)))
            connection.execute(insert(schema.outcome).values(_outcome(number)))
    wanted = with_settings(job, preference="dpo", preference_rate=1e-3, min_pairs=8)
    code, said, _ = carry_out(wanted)
    assert code == 0, said[-1]
    assert "prefer" in {line.get("stage") for line in said}
    assert "What was sent rather than drafted" in (job.adapters / "ana" / "v1" / "report.html").read_text("utf-8")


def _draft(number: int) -> dict[str, Any]:
    return {
        "draft_id": f"d{number}", "account": "ana", "kind": "request", "state": "done", "source_ids": [],
        "text": f"Dear Eve, kindly be advised of matter {number}. Sincerely", "instruction": "Write to Eve",
        "created_at": START, "changed_at": START,
    }  # fmt: skip


def _outcome(number: int) -> dict[str, Any]:
    return {
        "draft_id": f"d{number}", "account": "ana", "sent_id": f"m{number}@Ana Sá", "verdict": "rewritten",
        "distance": 0.7, "edits": ["rewritten"], "adapter": "",
    }  # fmt: skip


def _texts(folder: Path, count: int, word: str) -> Corpus:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for number in range(count):
        words = " ".join(f"{word}{number} and the meeting tomorrow" for _ in range(12))
        (folder / f"{number}.txt").write_text(words, "utf-8")
    return Corpus(kind="documents", path=folder)


def test_a_corpus_called_test_keeps_its_sides_apart(job: TrainJob, tmp_path: Path) -> None:
    """What chooses the best epoch is not what tests the end, whatever the folder is called."""
    corpus = _texts(tmp_path / "test", 20, "word")
    code, said, _ = carry_out(
        job.model_copy(update={"corpus": corpus, "account": "test", "archive_url": "", "output": tmp_path / "out"})
    )
    assert code == 0, said[-1]
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_bytes())
    assert statistics["held_out"]["base"]["nats_per_byte"] != statistics["test"]["base"]["nats_per_byte"]


def test_a_checkpoint_of_other_text_is_not_gone_on_from(
    job: TrainJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corpus that was changed after a run was stopped is learned from the beginning."""
    corpus = _texts(tmp_path / "texts", 40, "old")
    wanted = {"corpus": corpus, "account": "texts", "archive_url": "", "output": tmp_path / "out"}
    job = with_settings(job, save_every_s=0).model_copy(update=wanted)
    with monkeypatch.context() as broken:
        broken.setattr(runs, "put_in_place", _fail)
        assert carry_out(job)[0] == 1
    _texts(tmp_path / "texts", 12, "new")
    code, said, _ = carry_out(job)
    assert code == 0, said[-1]
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_bytes())
    assert statistics["training"]["steps"] == -(-statistics["data"]["learned"]["examples"] // 8)


def _fail(*_: object) -> None:
    raise OSError("killed")
