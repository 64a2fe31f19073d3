"""What a run learns from: the newest mails, with what the archive knows of them, and nothing that was taken out."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.gate_settings import GateSettings
from connectors.instruction import Instruction
from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from retrieval.tokens import counter_for
from tests.trainer.data.accounts import add_draft, add_long_thread, fill
from tests.trainer.mails import ANA, BEN
from trainer.data.examples import Writing
from trainer.data.gather import gather, need_enough, open_source, split_mails
from trainer.data.material import FILE, Material
from trainer.progress import Progress
from trainer.training.checkpoint import FILE as CHECKPOINT
from trainer.training.model import load_tokenizer

SETTINGS = TrainSettings(retrieval_probability=0)
Gather = Callable[..., Material]


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> TrainJob:
    """A run on Ana's mail, with Ben's account beside hers."""
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    with Archive.open(url) as archive:
        own = fill(archive, "ana", ANA, 40)
        fill(archive, "ben", BEN, 40)
        add_draft(archive, own[8], "Dear Ben, it is here.")
        add_draft(archive, own[39], "Dear Ben, it was held out.")
        add_draft(archive, own[10], "Dear Ben, it was sent as it is.", verdict="as_is")
    return TrainJob(
        run="ana-1", account="ana", home=tmp_path, archive_url=url, model=str(tiny), prompt_budget=700,
        settings=SETTINGS, adapters=tmp_path / "adapters", engine_model="base", retrieval={"count": 0},
    )  # fmt: skip


@pytest.fixture
def gathered(job: TrainJob, tmp_path: Path) -> Gather:
    """Gather in a run's folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    writing = Writing(
        tokenizer=load_tokenizer(job.model), count=counter_for(job.model), prompt_budget=700, max_tokens=1000
    )  # fmt: skip

    def do(**changes: int) -> Material:
        asked = job.model_copy(update={"settings": SETTINGS.model_copy(update=changes)})
        with open_source(asked) as source:
            return gather(source, asked, writing, folder, writer=None, say=Progress(io.StringIO()))

    return do


def ids(material: Material) -> list[str]:
    """Return the ids of what is learned, what chooses and what judges, oldest first."""
    sides = (*material.learned, *material.validation, *material.measures["ana"])
    return [example.message_id for example in sides]


def test_the_newest_mails_are_used_and_the_rest_counted(gathered: Gather) -> None:
    """As many as the window holds; why others are not used is told."""
    material = gathered(window=30)
    assert ids(material) == [f"m{number}@Ana Sá" for number in range(10, 40)]
    assert material.counts["left_out"] == {"older than the window": 10, "a forward": 1}
    assert [material.counts[side] for side in ("mails", "learned", "validation", "held_out")] == [30, 18, 4, 8]
    assert material.counts["instructions"] == {"given": 15, "extract": 15}


def test_pairs_are_of_mail_on_their_own_side(gathered: Gather) -> None:
    """One that is held out is no pair to learn from; one that was sent as it was is none at all."""
    material = gathered()
    assert [pair.message_id for pair in material.pairs] == ["m8@Ana Sá"]
    assert material.counts["pairs"] == 1


def test_others_measure_with_their_own_mail(gathered: Gather) -> None:
    """Those of the account stand first."""
    assert list(gathered().measures) == ["ana", "ben"]


def test_a_second_start_takes_up_what_the_first_made(gathered: Gather, tmp_path: Path) -> None:
    """Whole: with its pairs and counts, and the checkpoint stays."""
    first = gathered()
    (tmp_path / "run" / CHECKPOINT).touch()
    made = (tmp_path / "run" / FILE).stat().st_mtime_ns
    assert gathered() == first
    assert (tmp_path / "run" / FILE).stat().st_mtime_ns == made
    assert (tmp_path / "run" / CHECKPOINT).exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda archive: archive.exclude("ana", "m3@Ana Sá"),
        lambda archive: archive.exclude("ana", "m8@Ana Sá"),
        lambda archive: archive.store_instructions(
            "ana", "", "", [Instruction(message_id="m3@Ana Sá", text="Write anew", source="given")]
        ),
        lambda archive: add_draft(archive, archive.get("ana", "m12@Ana Sá").email, "Dear Ben, this is new."),
    ],
    ids=["mail", "thread", "instruction", "draft"],
)
def test_what_changed_since_makes_examples_anew(
    gathered: Gather, job: TrainJob, tmp_path: Path, change: Callable[[Archive], None]
) -> None:
    """And a checkpoint of the old ones goes."""
    first = gathered()
    (tmp_path / "run" / CHECKPOINT).touch()
    with Archive.open(job.archive_url) as archive:
        change(archive)
    assert gathered() != first
    assert not (tmp_path / "run" / CHECKPOINT).exists()


def test_as_many_are_held_out_as_the_gate_wants_to_see(job: TrainJob) -> None:
    """And two more, should some be too long to be read."""
    for min_mails, judges in ((3, 8), (9, 11)):
        asked = job.model_copy(update={"gate": GateSettings(min_mails=min_mails)})
        with open_source(asked) as source:
            parts = split_mails(source.choose(1000).mails, asked)
        assert len(parts.held_out) == judges


def test_what_waits_is_counted(gathered: Gather, job: TrainJob) -> None:
    """The newest mail of a thread that is learned from is on no side."""
    with Archive.open(job.archive_url) as archive:
        add_long_thread(archive)
    counts = gathered().counts
    assert counts["waiting"] == 1
    assert sum(counts[side] for side in ("learned", "validation", "held_out", "waiting")) == counts["mails"]


def test_mail_without_dates_is_no_mail_to_learn_from(job: TrainJob) -> None:
    """Nobody could tell what is newer than what: it is said so, and not that there is too little."""
    with open_source(job) as source:
        dated = source.choose(1000)
    need_enough(dated, job)
    dateless = tuple(replace(each, email=replace(each.email, sent_at=None)) for each in dated.mails)
    with pytest.raises(TooFewMails, match="No mail of ana has a date"):
        need_enough(replace(dated, mails=dateless), job)


def test_mail_that_gave_only_a_pair_is_known(gathered: Gather) -> None:
    """It had its part in learning, though no example is made of it."""
    material = gathered()
    (pair,) = material.pairs
    others = tuple(example for example in material.learned if example.message_id != pair.message_id)
    assert sorted(replace(material, learned=others).known) == sorted(material.known)
    assert len(set(material.known)) == len(material.known)


def test_too_few_mails_are_counted(gathered: Gather) -> None:
    """Of all that were sent, those left out too."""
    with pytest.raises(TooFewMails, match="40 mails to learn from, of 41"):
        gathered(min_mails=41)
