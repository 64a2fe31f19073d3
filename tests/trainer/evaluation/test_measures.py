"""From losses and drafts to numbers with intervals."""

import pytest

from connectors.evaluation import ADAPTER, ADAPTER_RAG, BASE, BASE_RAG, Measure
from connectors.gate_settings import GateSettings
from trainer.data.judging import Judge, Voices
from trainer.data.packing import Example
from trainer.evaluation.arms import Arm
from trainer.evaluation.measures import measure_all

SETTINGS = GateSettings(resamples=200)
SENT = [f"Hello Eve,\nplease look at invoice number {number} before Friday.\nKind regards\nAna" for number in range(8)]
LEARNED = "The keys lie under the third stone behind the old garden house, as every summer."
SHOWN = "Nobody knows that our new printer stands in the cellar beside the wine of my uncle."


def judges(count: int = 8) -> list[Judge]:
    """Return mails that judge; every other one is twice as long."""
    return [
        Judge(
            message_id=f"m{number}", sent_at=f"2026-01-0{number + 1}T00:00:00+00:00", language="en", text=SENT[number],
            plain=_example(number), plain_shown="", helped=_example(number), helped_shown=SHOWN,
        )
        for number in range(count)
    ]  # fmt: skip


def _example(number: int) -> Example:
    return Example(message_id="m", tokens=(1, 2), prompt_tokens=1, reply_bytes=100 * (1 + number % 2))


def arm(loss: float, drafts: list[str]) -> Arm:
    """Return an arm whose loss rises from mail to mail, and drafts of the newest."""
    return Arm(losses=tuple(loss + 0.01 * number for number in range(8)), drafts=tuple(drafts))


def measured(own: list[str], voices: Voices | None = None) -> dict[str, Measure]:
    """Measure an adapter that drafts so beside a base model that writes something else."""
    other = ["Sehr geehrte Damen und Herren, anbei erhalten Sie die Unterlagen zu unserem Gespräch."] * len(own)
    arms = {BASE: arm(2.0, other), BASE_RAG: arm(1.9, other), ADAPTER: arm(1.0, own), ADAPTER_RAG: arm(0.9, own)}
    found = measure_all(arms, judges(), voices or Voices(own={"a": LEARNED}), SETTINGS)
    return {measure.name: measure for measure in found}


def test_a_loss_is_that_of_all_bytes_together() -> None:
    """Long mails count more; what adapter+rag has more than others is found mail by mail."""
    loss = measured(SENT)["loss"]
    weights = [100 * (1 + number % 2) for number in range(8)]
    mean = sum(weight * (0.9 + 0.01 * number) for number, weight in enumerate(weights)) / sum(weights)
    assert loss.arms[ADAPTER_RAG].value == pytest.approx(mean)
    assert set(loss.versus) == {BASE, BASE_RAG, ADAPTER}
    assert loss.versus[BASE_RAG].value == pytest.approx(-1)
    assert loss.versus[BASE_RAG].high < 0
    assert len(loss.values[BASE]) == 8


def test_what_was_sent_is_the_best_draft_there_is() -> None:
    """Every measure says so, and each says that another mail in another language is worse."""
    found = measured(SENT[4:])
    best = {"chrf": 100, "bleu": 100, "rouge_l": 100, "style": 0, "language": 1, "length": 0, "copied": 0}
    for name, value in best.items():
        assert found[name].arms[ADAPTER_RAG].value == pytest.approx(value), name
        assert len(found[name].values[ADAPTER]) == 4
        worse = found[name].versus[BASE_RAG].value
        assert name == "copied" or (worse > 0) == found[name].is_higher_better, name


def test_a_passage_of_a_learned_mail_is_a_copy_unless_the_prompt_shows_it() -> None:
    """What only the prompt with retrieved mail shows is a copy in the other arm."""
    copied = measured([LEARNED, SHOWN, SENT[2]], Voices(own={"a": LEARNED, "b": SHOWN}))["copied"]
    assert copied.values[ADAPTER][0] > 60
    assert copied.values[ADAPTER_RAG][0] > 60
    assert copied.values[ADAPTER][1] > 60
    assert copied.values[ADAPTER_RAG][1:] == (0, 0)


def test_authorship_takes_mail_of_others_or_of_the_base_model() -> None:
    """With too little of either it is not measured: a number would mean nothing."""
    own = {str(number): text for number, text in enumerate(SENT * 2)}
    assert "authorship" not in measured(SENT[4:], Voices(own=own))
    others = tuple(f"Yo Tom, thing {number} is done! Cheers, B" for number in range(16))
    found = measured(SENT[4:], Voices(own=own, others=others))["authorship"]
    assert found.arms[ADAPTER].value > found.arms[BASE].value


def test_without_mail_that_judges_nothing_is_measured() -> None:
    """The gate says then how many are missing."""
    nothing = Arm(losses=(), drafts=())
    arms = dict.fromkeys((BASE, BASE_RAG, ADAPTER, ADAPTER_RAG), nothing)
    assert measure_all(arms, [], Voices(), SETTINGS) == ()
