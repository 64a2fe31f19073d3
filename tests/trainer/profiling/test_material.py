"""The examples of a profile."""

from pathlib import Path

import pytest

from connectors.corpus import Corpus
from connectors.errors import ModelMissing
from connectors.profile_job import ProfileJob, Synthetic
from connectors.train_settings import TrainSettings
from trainer.profiling.material import make_material, read_material

RECIPES = Path("trainer/recipes/tiny").resolve()


def test_random_tokens_need_no_tokenizer(tiny: Path, tmp_path: Path) -> None:
    """A config alone is enough; examples are as long as wanted, and the same each time."""
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    job = ProfileJob(model=str(tmp_path / "config.json"), is_random=True, synthetic=Synthetic(tokens=40, examples=16))
    digest = make_material(job, tmp_path)
    material = read_material(tmp_path)
    assert [len(material.learned), len(material.held_out)] == [16, 2]
    assert {len(example.tokens) for example in material.learned} == {40}
    assert {example.prompt_tokens for example in material.learned} == {20}
    assert make_material(job, tmp_path) == digest


def test_a_corpus_brings_prompts_with_their_answers(tiny: Path, tmp_path: Path) -> None:
    """Held-out examples are what the methods write to, beside what stood there."""
    job = ProfileJob(model=str(tiny), corpus=Corpus(kind="alpaca", path=RECIPES / "alpaca.json"), samples=12)
    make_material(job, tmp_path)
    material = read_material(tmp_path)
    assert len(material.learned) <= 12
    assert material.prompts
    assert all(prompt.answer and prompt.text for prompt in material.prompts)


def test_carried_mail_leaves_nothing_but_the_material(tiny: Path, tmp_path: Path) -> None:
    """It becomes examples as in a run; the index and the run's files are gone when they are made."""
    job = ProfileJob(
        model=str(tiny), carried=RECIPES / "mail", samples=4, prompts=("Say hello",),
        settings=TrainSettings(retrieval_probability=0, max_tokens=1024),
    )  # fmt: skip
    make_material(job, tmp_path)
    material = read_material(tmp_path)
    assert len(material.learned) == 4
    assert material.prompts[0].text == "Say hello"
    assert [path.name for path in tmp_path.iterdir()] == ["material.json"]


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    """It is said before the first cell, with what to do."""
    with pytest.raises(ModelMissing, match="nowhere"):
        make_material(ProfileJob(model=str(tmp_path / "nowhere")), tmp_path)
