"""Mail that was carried to another machine gives the examples it would have given at home."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from connectors.archive import Archive
from connectors.carried import ABOUT, MAILS, PLAYED_BACK, carried_account
from connectors.errors import UsageError
from connectors.instruction import Instruction
from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from retrieval.tokens import counter_for
from tests.trainer.data.accounts import NOW, add_draft, fill
from tests.trainer.mails import ANA, BEN
from trainer.data.carried import CarriedSource
from trainer.data.examples import Writing
from trainer.data.gather import gather, open_source
from trainer.data.material import Material
from trainer.data.stop import stop
from trainer.progress import Progress
from trainer.training.model import load_tokenizer

SETTINGS = TrainSettings(retrieval_probability=0, window=40)
MAILS_OF_ANA = 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Ana's archive is: with threads, drafts she changed, and Ben's account beside hers."""
    folder = tmp_path_factory.mktemp("home")
    with Archive.open(f"sqlite:///{folder / 'cyrano.db'}") as opened:
        own = fill(opened, "ana", ANA, MAILS_OF_ANA)
        fill(opened, "ben", BEN, 40)
        add_draft(opened, own[8], "Dear Ben, it is here.")
        add_draft(opened, own[9], "Dear Ben, nothing is new.", instruction="Tell Ben the news", verdict="rewritten")
    return folder


@pytest.fixture(scope="module")
def job(tiny: Path, home: Path) -> TrainJob:
    """A run that is to leave Ana's mail in a folder."""
    return TrainJob(
        run="ana-1", account="ana", home=home, archive_url=f"sqlite:///{home / 'cyrano.db'}", model=str(tiny),
        prompt_budget=700, settings=SETTINGS, adapters=home / "adapters", engine_model="base",
        stop_after="playback", output=home / "carried", retrieval={"count": 0},
    )  # fmt: skip


def carry(job: TrainJob) -> Path:
    """Leave Ana's mail in a folder."""
    with open_source(job) as source:
        stop(source, job, writer=None, say=Progress(io.StringIO()), clock=lambda: NOW)
    assert job.output
    return job.output


@pytest.fixture(scope="module")
def original(job: TrainJob) -> Path:
    """A folder with Ana's mail; not to be changed."""
    return carry(job)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of it, as on another machine."""
    return Path(shutil.copytree(original, tmp_path / "carried"))


def material(job: TrainJob, tmp_path: Path, *, carried: Path | None = None) -> Material:
    """Return what a run would learn, from the archive or from a folder."""
    there = job.model_copy(update={"carried": carried, "stop_after": None, "output": None})
    writing = Writing(
        tokenizer=load_tokenizer(job.model), count=counter_for(job.model), prompt_budget=700, max_tokens=1000
    )  # fmt: skip
    folder = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
    folder.mkdir()
    with open_source(there) as source:
        return gather(source, there, writing, folder, writer=None, say=Progress(io.StringIO()))


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a folder's mails."""
    return [json.loads(line) for line in (folder / MAILS).read_bytes().splitlines()]


def rewrite(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Put other lines into a folder."""
    (folder / MAILS).write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_carried_mail_gives_the_same_examples(job: TrainJob, tmp_path: Path, folder: Path) -> None:
    """Byte for byte: what is learned, what measures, and the pairs; but of the others' mail nothing is carried."""
    home, there = material(job, tmp_path), material(job, tmp_path, carried=folder)
    assert there.learned == home.learned
    assert there.measures == {"ana": home.measures["ana"]}
    assert (there.pairs, there.validation, there.judges) == (home.pairs, home.validation, home.judges)
    assert there.counts == home.counts
    assert len(there.pairs) == 2


@pytest.mark.process  # for its time: the embedder is a model, too
def test_carried_mail_finds_the_same_mail(job: TrainJob, tmp_path: Path, folder: Path) -> None:
    """What is retrieved for a prompt there is what would be at home."""
    settings = SETTINGS.model_copy(update={"retrieval_probability": 1.0})
    finding = job.model_copy(update={"settings": settings, "retrieval": {"threshold": -1.0}})
    home, there = material(finding, tmp_path), material(finding, tmp_path, carried=folder)
    assert there.learned == home.learned
    assert home.counts["with_sources"] > 20


def test_a_line_tells_all_that_its_example_is_made_of(folder: Path) -> None:
    """Thread, instruction and draft stand with their mail; others' mail is not there."""
    lines = lines_of(folder)
    reply = lines[8]
    assert [each["text"][:10] for each in reply["thread"]] == ["Hello Eve,", "Dear Ana, "]
    assert reply["instruction"] == {"text": "Ask about The invoice 8", "source": "given"}
    assert reply["draft"] == {"text": "Dear Ben, it is here.", "instruction": ""}
    assert lines[9]["instruction"] is None
    assert len(lines) == MAILS_OF_ANA
    assert {line["sender"]["addr"] for line in lines} == {ANA.addr}


def test_the_folder_is_its_owners_alone_and_told_of(folder: Path) -> None:
    """Nobody else may read it; a report for people lies in it, and where it came from."""
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert {ABOUT, MAILS, "report.html", "report.md"} <= {path.name for path in folder.iterdir()}
    about = json.loads((folder / ABOUT).read_text())
    assert (about["account"], about["left_out"], about["mails"]) == ("ana", {"a forward": 1}, MAILS_OF_ANA)
    assert carried_account(folder) == "ana"
    assert "a forward" in (folder / "report.md").read_text()
    assert [path.name for path in folder.parent.glob(".*")] == []


def test_what_a_person_changed_wins(job: TrainJob, tmp_path: Path, folder: Path) -> None:
    """A text, an instruction, a mail that is gone."""
    lines = lines_of(folder)
    gone = lines.pop(4)
    lines[0] |= {"text": "Hello Eve, I wrote this by hand.", "instruction": {"text": "Write by hand"}}
    rewrite(folder, lines)
    source = CarriedSource(folder)
    chosen = source.choose(1000)
    assert chosen.mails[0].email.text == "Hello Eve, I wrote this by hand."
    known = source.instructions("ana", "any", "any")[lines[0]["message_id"]]
    assert (known.text, known.source) == ("Write by hand", "given")
    assert gone["message_id"] not in [mail.email.message_id for mail in chosen.mails]
    assert chosen.left_out == {"a forward": 1, "taken out of the folder": 1}
    learned = material(job, tmp_path, carried=folder).learned
    assert gone["message_id"] not in [example.message_id for example in learned]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ('{"message_id": "x", "text": "secret"}', "sender"),
        ('{"message_id": "x", "sender": {"addr": "a@b"}, "text": 5}', "text"),
        ('{"message_id": "x", "sender": {"addr": "a@b"}, "text": "", "sent_at": "yesterday"}', "sent_at"),
        ('{"message_id": "x", "sender": {"addr": "a@b"}, "text": "", "instruction": "Write."}', "instruction"),
        ('{"message_id": "x", "sender": {"addr": "a@b"}, "text": "", "txet": ""}', "txet"),
        ('{"message_id": "m0@Ana S\\u00e1", "sender": {"addr": "a@b"}, "text": ""}', "message_id of line 1"),
    ],
)
def test_a_broken_line_is_named(folder: Path, line: str, says: str) -> None:
    """By file, number and field, without what stands in it; blank lines do no harm."""
    with (folder / MAILS).open("a") as file:
        file.write(f"\n\n{line}\n")
    with pytest.raises(UsageError, match=f"{MAILS}, line {MAILS_OF_ANA + 3},.*{says}") as caught:
        CarriedSource(folder)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("about", [None, "{", "[]", '{"account": "ana"}'])
def test_any_other_folder_is_refused(folder: Path, about: str | None) -> None:
    """It is said how to make one."""
    (folder / ABOUT).unlink() if about is None else (folder / ABOUT).write_text(about)
    with pytest.raises(UsageError, match="no mail to learn from") as caught:
        CarriedSource(folder)
    assert "--stop-after" in caught.value.hint


def test_instructions_written_there_are_kept_and_never_win(folder: Path) -> None:
    """They lie beside the mail, by the version and model they were written with."""
    source = CarriedSource(folder)
    taken, missing = (line["message_id"] for line in lines_of(folder)[:2])
    fresh = [Instruction(message_id=each, text="Write it.", source="model") for each in (taken, missing)]
    source.store_instructions("ana", "2", "large", fresh[:1])
    source.store_instructions("ana", "2", "large", fresh)
    known = CarriedSource(folder).instructions("ana", "2", "large")
    assert (known[taken].source, known[missing].text) == ("given", "Write it.")
    assert missing not in CarriedSource(folder).instructions("ana", "3", "large")
    assert (folder / PLAYED_BACK).stat().st_mode & 0o777 == 0o600
    assert len((folder / PLAYED_BACK).read_text().splitlines()) == 2
    (folder / PLAYED_BACK).write_text("{")
    with pytest.raises(UsageError, match=PLAYED_BACK):
        CarriedSource(folder).instructions("ana", "2", "large")


def test_another_accounts_run_is_turned_away(job: TrainJob, folder: Path) -> None:
    """Whose mail it is, is said."""
    bens = job.model_copy(update={"carried": folder, "account": "ben"})
    with pytest.raises(UsageError, match="of ana, not of ben") as caught, open_source(bens):
        pass
    assert "--account ana" in caught.value.hint


def test_a_folder_that_is_there_is_left_alone(job: TrainJob, folder: Path) -> None:
    """It may hold a person's work; but a run that left it and was stopped before its last word may end."""
    rewrite(folder, lines_of(folder)[1:])
    before = (folder / MAILS).read_bytes()
    again = job.model_copy(update={"output": folder})
    carry(again)
    with pytest.raises(UsageError, match="there already"):
        carry(again.model_copy(update={"run": "ana-2"}))
    assert (folder / MAILS).read_bytes() == before


def test_what_was_excluded_is_not_carried(job: TrainJob, tmp_path: Path) -> None:
    """Neither as a mail, nor in the threads of others, nor as a pair."""
    shutil.copy(job.home / "cyrano.db", tmp_path)
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    with Archive.open(url) as archive:
        archive.exclude("ana", "m8@Ana Sá")
        archive.exclude("ana", "m5@Ana Sá")
    folder = carry(job.model_copy(update={"archive_url": url, "output": tmp_path / "out", "stop_after": "clean"}))
    assert not {"m8@Ana Sá", "m5@Ana Sá"} & {line["message_id"] for line in lines_of(folder)}
    whole = (folder / MAILS).read_text()
    assert "it is here" not in whole
    assert "ticket number 5 " not in whole
    assert CarriedSource(folder).choose(1000).left_out == {"a forward": 1, "taken out by its owner": 2}
