"""chrF, BLEU and ROUGE-L, beside what they are defined as."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import BLEU

from trainer.evaluation.overlap import (
    bleu,
    bleu_counts,
    bleu_of,
    chrf,
    corpus_bleu,
    corpus_chrf,
    rouge_l,
    words,
)

WORDS = ("the", "invoice", "is", "paid", "please", "send", "me", "a", "receipt", "by", "Friday", "Grüße", "Ana")
texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
any_text = st.text(max_size=80)

MAIL = "Hi Tom!\n\nThe invoice is paid. Please send me the receipt by Friday.\n\nBest,\nAna"
NEAR = "Hi Tom!\n\nThe invoice has been paid. Please send the receipt by Friday.\n\nBest,\nAna"
FAR = "Dear Mr Baker,\n\nI regret that the meeting of 3 May cannot take place.\n\nKind regards,\nAna"
GERMAN = "Hallo Jörg,\n\ndie Rechnung ist bezahlt. Schick mir bitte die Quittung bis Freitag.\n\nViele Grüße\nAna"
CHINESE = "王先生您好，\n非常感谢您的来信，我很高兴能够参加星期五上午十点在五号会议室举行的会议。\n李娜"  # noqa: RUF001
EVERY = (chrf, bleu, rouge_l)


@pytest.mark.parametrize("score", EVERY)
@pytest.mark.parametrize("text", ["", "Hi", "Thanks, Ana", MAIL, GERMAN, CHINESE, "?"])
def test_the_same_text_is_best(score: object, text: str) -> None:
    """Also where it is shorter than the runs that are counted, and in every script."""
    assert score(text, text) == pytest.approx(100)  # type: ignore[operator]


@pytest.mark.parametrize("score", EVERY)
def test_nearer_is_higher(score: object) -> None:
    """A draft that says the same in other words lies between the same words and another mail."""
    assert score(FAR, MAIL) < score(NEAR, MAIL) < 100  # type: ignore[operator]


@pytest.mark.parametrize("score", EVERY)
@given(one=any_text, other=any_text)
def test_scores_lie_between_0_and_100(score: object, one: str, other: str) -> None:
    """Whatever a model writes, nothing included."""
    assert 0 <= score(one, other) <= 100 + 1e-9  # type: ignore[operator]


@pytest.mark.parametrize("score", EVERY)
@pytest.mark.parametrize("mail", [MAIL, CHINESE])
def test_nothing_written_is_worst(score: object, mail: str) -> None:
    """A model that stops at once gets no points."""
    assert score("", mail) == 0  # type: ignore[operator]


def test_one_other_character_of_chinese_is_not_another_mail() -> None:
    """Scripts without blanks are counted by characters, and not as a single word that is right or wrong."""
    written = CHINESE.replace("五号", "六号")
    assert 80 < bleu(written, CHINESE) < 100
    assert 80 < rouge_l(written, CHINESE) < 100


def test_umlauts_are_letters() -> None:
    """What has letters that English does not have stays one word."""
    assert words("Viele Grüße, Jörg") == ["viele", "grüsse", "jörg"]


@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=8))
def test_bleu_is_sacrebleus(pairs: list[tuple[str, str]]) -> None:
    """The sums of counts give the corpus score of the library, smoothing and brevity included."""
    written, sent = [one for one, _ in pairs], [other for _, other in pairs]
    counts = np.sum([bleu_counts(one, other) for one, other in pairs], axis=0)
    expected = BLEU(effective_order=True).corpus_score(written, [sent]).score
    assert float(bleu_of(counts)) == pytest.approx(expected)


def test_bleu_of_many_sums_at_once() -> None:
    """A table of sums gives a score for each row, as the bootstrap needs it."""
    rows = np.stack([bleu_counts(NEAR, MAIL), bleu_counts(FAR, MAIL), bleu_counts("", MAIL)])
    assert bleu_of(rows) == pytest.approx([bleu(NEAR, MAIL), bleu(FAR, MAIL), 0])


def test_of_a_corpus_long_mails_weigh_more() -> None:
    """One long mail that is right beside a short one that is wrong is better than their mean."""
    long = " ".join([MAIL] * 5)
    written, sent = [long, "No."], [long, "Yes, gladly."]
    assert corpus_chrf(written, sent) > (chrf(*_pair(written, sent, 0)) + chrf(*_pair(written, sent, 1))) / 2 + 10
    assert corpus_bleu(written, sent) > 90


@given(one=texts, other=texts)
def test_rouge_l_is_what_the_table_gives(one: str, other: str) -> None:
    """Rows kept in the bits of a number find what the textbook's table finds, in either direction."""
    total = len(words(one)) + len(words(other))
    expected = 200 * _common(words(one), words(other)) / total if total else 100
    assert rouge_l(one, other) == pytest.approx(expected)
    assert rouge_l(one, other) == rouge_l(other, one)


def _pair(written: Sequence[str], sent: Sequence[str], at: int) -> tuple[str, str]:
    return written[at], sent[at]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        above, row = row, [0]
        for at, each in enumerate(other):
            row.append(above[at] + 1 if each == word else max(above[at + 1], row[at]))
    return row[-1]
