"""An adapter that is there already, evaluated on mail that it does not know."""

import io
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.adapter import CARD, publish, read_card, seal, set_current
from connectors.archive import Archive
from connectors.errors import StoreBusy, TrainError, UsageError
from connectors.evaluate_job import EvaluateJob
from connectors.evaluation import PAGE, read_evaluation
from connectors.instruction import Instruction
from connectors.job import TrainJob, write_job
from tests.trainer.mails import ANA, archived, mail
from tests.trainer.runs import ana_and_ben, carry_out
from trainer.__main__ import carry_out as carry_out_job
from trainer.holding import hold
from trainer.progress import Progress


@pytest.fixture(scope="module")
def trained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainJob:
    """The job of a run that published ana@v1; not to be changed."""
    job = ana_and_ben(tiny, tmp_path_factory.mktemp("home"))
    assert carry_out(job)[0] == 0
    return job


def order(job: TrainJob, folder: Path) -> EvaluateJob:
    """Return the order of an evaluation of ana@v1."""
    return EvaluateJob(
        account="ana", version=1, home=job.home, archive_url=job.archive_url, model=job.model,
        prompt_budget=job.prompt_budget, settings=job.settings, gate=job.gate, retrieval=job.retrieval,
        adapters=job.adapters, output=folder / "out",
    )  # fmt: skip


def evaluate(job: TrainJob, folder: Path, **changes: Any) -> dict[str, Any]:
    """Carry out the order as the child process does."""
    write_job(folder, order(job, folder).model_copy(update=changes))
    return carry_out_job(folder, Progress(io.StringIO()))


def test_right_after_training_it_finds_what_the_run_found(trained: TrainJob, tmp_path: Path) -> None:
    """The same mails judge, the secrets are those that were planted, and the verdict is the same."""
    result = evaluate(trained, tmp_path)
    own, again = read_evaluation(trained.adapters / "ana" / "v1"), read_evaluation(tmp_path / "out")
    assert own
    assert again
    assert again.judged == own.judged
    assert again.newest_learned == own.newest_learned
    for measure, before in zip(again.measures, own.measures, strict=True):
        if measure.name == "authorship":
            continue  # what chose the epoch tells about its author now, too
        for arm, values in measure.values.items():
            assert values == pytest.approx(before.values[arm], rel=1e-3), (measure.name, arm)
    assert again.canaries
    assert own.canaries
    assert again.canaries.exposure_bits["adapter"].value == pytest.approx(
        own.canaries.exposure_bits["adapter"].value, rel=1e-2
    )
    assert (again.is_approved, again.adapter, again.incumbent) == (own.is_approved, "ana@v1", None)
    assert result["is_approved"] == again.is_approved
    assert (tmp_path / "out" / PAGE).exists()
    assert result["shown"] == []


def test_new_mail_judges_and_is_shown_only_where_asked(trained: TrainJob, tmp_path: Path) -> None:
    """Mail sent since joins those that judge; the drafts of each arm are told, and stand in no file."""
    with Archive.open(trained.archive_url) as archive:
        archive.store("ana", [archived(mail(60, text="Hello Eve, the new secretmark is here today."), "ana")], "2")
        given = [Instruction(message_id="m60@Ana Sá", text="Tell Eve", source="given")]
        archive.store_instructions("ana", "", "", given)
    result = evaluate(trained, tmp_path, shown=1)
    evaluation = read_evaluation(tmp_path / "out")
    assert evaluation
    assert len(evaluation.judged) == 9
    (shown,) = result["shown"]
    assert "secretmark" in shown["sent"]
    assert set(shown["drafts"]) == {"base", "base+rag", "adapter", "adapter+rag"}
    assert not any("secretmark" in path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())


def test_it_asks_for_room_before_it_loads(trained: TrainJob, tmp_path: Path) -> None:
    """Whoever started it may say no; then nothing is loaded, and nobody else works in its folder meanwhile."""
    asked: list[str] = []
    stream = io.StringIO()

    def refuse() -> str:
        asked.append(stream.getvalue().splitlines()[-1])
        with pytest.raises(StoreBusy), hold(tmp_path):
            pass
        return '{"go": false, "why": "The engine stays."}'

    write_job(tmp_path, order(trained, tmp_path))
    with pytest.raises(TrainError, match="The engine stays"):
        carry_out_job(tmp_path, Progress(stream, refuse))
    (question,) = asked
    assert json.loads(question)["needs"] > 0


def test_the_one_that_writes_is_not_measured_beside_the_one_before(trained: TrainJob, tmp_path: Path) -> None:
    """Its predecessor is no adapter in service."""
    adapters = tmp_path / "adapters"
    for number in (1, 2):
        built = tmp_path / "built"
        shutil.copytree(trained.adapters / "ana" / "v1", built)
        publish(adapters, built, replace(read_card(built), parent=None))
        set_current(adapters, "ana", number)
    evaluate(trained, tmp_path, adapters=adapters, version=2)
    found = read_evaluation(tmp_path / "out")
    assert found
    assert found.incumbent is None


def test_what_cannot_be_evaluated_says_why(trained: TrainJob, tmp_path: Path) -> None:
    """No such version; another base model; another prompt: each with what to do."""
    with pytest.raises(UsageError, match="no adapter ana@v7"):
        evaluate(trained, tmp_path, version=7)
    with pytest.raises(UsageError, match="another base model"):
        evaluate(trained, tmp_path, model="/elsewhere")
    copy = tmp_path / "adapters" / "ana" / "v1"
    here = trained.adapters / "ana" / "v1"
    copy.mkdir(parents=True)
    for path in here.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    seal(copy, replace(read_card(here), prompt_version="0"))
    assert json.loads((copy / CARD).read_bytes()) != asdict(read_card(here))
    with pytest.raises(UsageError, match="another version of the prompt") as caught:
        evaluate(trained, tmp_path, adapters=tmp_path / "adapters")
    assert caught.value.hint


def test_an_adapter_without_new_mail_is_not_judged(trained: TrainJob, tmp_path: Path) -> None:
    """It says how many are missing, and nothing fails."""
    with Archive.open(trained.archive_url) as archive:
        for number in (*range(32, 40), 60):
            archive.exclude("ana", f"m{number}@{ANA.name}")
    result = evaluate(trained, tmp_path)
    assert not result["is_approved"]
    assert "6 more" in result["reason"]
    evaluation = read_evaluation(tmp_path / "out")
    assert evaluation
    assert evaluation.measures == ()
