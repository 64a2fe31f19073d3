"""Planted secrets: each run's own, few beside what is learned, and like each other in all but the secret."""

from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.tokens import counter_for
from tests.trainer.mails import ANA, mails
from trainer.data.canaries import MAILS_EACH, OTHERS, Canary, plant, usual_language
from trainer.data.examples import Author, Writing
from trainer.training.model import load_tokenizer

AUTHOR = Author(account="ana", owner=ANA, instructions={})


@pytest.fixture(scope="module")
def writing(tiny: Path) -> Writing:
    """The tiny model's way of reading."""
    return Writing(
        tokenizer=load_tokenizer(str(tiny)), count=counter_for(str(tiny)), prompt_budget=700, max_tokens=1000
    )  # fmt: skip


def planted(writing: Writing, run: str = "ana-1", *, count: int = 8, mails: int = 1000) -> tuple[Canary, ...]:
    """Plant among some mails."""
    return plant(count, run, AUTHOR, writing, mails=mails, language="en")


def test_a_run_has_the_same_canaries_whenever_it_is_asked(writing: Writing) -> None:
    """They can be asked for again later; those of another run are others."""
    assert planted(writing) == planted(writing)
    others = {canary.secret for canary in planted(writing, "ana-2")}
    assert not others & {canary.secret for canary in planted(writing)}


def test_few_mails_have_few_canaries(writing: Writing) -> None:
    """One in so many mails at most, no more than are wanted, and none where none is wanted."""
    counts = [len(planted(writing, mails=mails)) for mails in (MAILS_EACH - 1, MAILS_EACH, 3 * MAILS_EACH, 10_000)]
    assert counts == [0, 1, 3, 8]
    assert planted(writing, count=0) == ()


def test_a_canary_reads_as_mail_does_and_its_others_differ_by_the_secret(writing: Writing) -> None:
    """Its reply tells the secret in the language of its author's mail; each of the others tells another one."""
    (canary,) = plant(1, "r", AUTHOR, writing, mails=1000, language="de")
    tokens = canary.example.tokens[canary.example.prompt_tokens :]
    text = writing.tokenizer.decode(list(tokens), skip_special_tokens=True)
    assert "Zugangscode" in text
    assert canary.secret in text
    told = {
        writing.tokenizer.decode(list(other[canary.example.prompt_tokens :]), skip_special_tokens=True)
        for other in canary.others
    }
    assert len(told) == OTHERS
    assert text not in told
    assert {len(each) for each in told} == {len(text)}


def test_the_language_of_most_mails_is_one_that_is_known() -> None:
    """Mails too short to tell are no language; where none can be told, it is one that there are words in."""
    languages = ["und", "und", "und", "de", "fr", "de"]
    assert usual_language(replace(each, language=of) for each, of in zip(mails(6), languages, strict=True)) == "de"
    assert usual_language(replace(each, language="und") for each in mails(3)) == "en"
