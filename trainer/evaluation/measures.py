"""What is measured of the arms: from losses and drafts to numbers with intervals. No model here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.cleaning.language import detect
from connectors.evaluation import ADAPTER_RAG, BASE, Interval, Measure
from connectors.gate_settings import GateSettings
from trainer.data.judging import Judge, Voices
from trainer.evaluation.arms import Arm
from trainer.evaluation.authorship import FEWEST, Verifier
from trainer.evaluation.bootstrap import bleu_interval, mean_interval, paired_bleu_interval, paired_interval
from trainer.evaluation.copying import Learned
from trainer.evaluation.language import is_same_language
from trainer.evaluation.overlap import bleu_counts, bleu_of, chrf, rouge_l
from trainer.evaluation.style import style_distance

Values = Mapping[str, tuple[float, ...]]
"""What each arm has of each mail."""

IS_HELPED = "+rag"
"""How the names of arms end that are shown retrieved mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A measure before it has numbers."""

    name: str
    title: str
    unit: str = ""
    is_higher_better: bool = False


_LOSS = _Kind(name="loss", title="loss of what was sent", unit="nats per byte")
_CHRF = _Kind(name="chrf", title="chrF with what was sent", is_higher_better=True)
_BLEU = _Kind(name="bleu", title="BLEU with what was sent", is_higher_better=True)
_ROUGE = _Kind(name="rouge_l", title="ROUGE-L with what was sent", is_higher_better=True)
_STYLE = _Kind(name="style", title="distance of style")
_AUTHORSHIP = _Kind(name="authorship", title="probability that the author wrote it", is_higher_better=True)
_LANGUAGE = _Kind(name="language", title="drafts in the right language", unit="share", is_higher_better=True)
_LENGTH = _Kind(name="length", title="distance from the length of what was sent", unit="share of it")
_COPIED = _Kind(name="copied", title="longest passage copied from a learned mail", unit="letters")


def measure_all(
    arms: Mapping[str, Arm], judges: Sequence[Judge], voices: Voices, settings: GateSettings
) -> tuple[Measure, ...]:
    """Return all measures of all arms; none where no mail judges.

    Args:
        arms: By name; base and adapter+rag are among them.
        judges: The mails that judged, oldest first.
        voices: What was learned from, and what others wrote.
        settings: How intervals are drawn.
    """
    if not judges:
        return ()
    drafted = judges[len(judges) - len(arms[BASE].drafts) :]
    found = _Measuring(arms, drafted, settings)
    weights = [float(judge.plain.reply_bytes) for judge in judges]
    measures = [
        found.measure(_LOSS, {arm: answers.losses for arm, answers in arms.items()}, weights),
        found.per_draft(_CHRF, lambda written, judge: chrf(written, judge.text)),
        found.bleu(),
        found.per_draft(_ROUGE, lambda written, judge: rouge_l(written, judge.text)),
        found.per_draft(_STYLE, lambda written, judge: style_distance(written, judge.text, judge.language)),
        found.per_draft(_LANGUAGE, lambda written, judge: is_same_language(written, judge.language, detect)),
        found.per_draft(_LENGTH, lambda written, judge: _off_length(written, judge.text)),
        found.measure(_COPIED, found.copied(Learned(voices.own))),
    ]
    verifier = _verifier(voices, arms[BASE].drafts)
    if verifier is not None:
        measures.append(found.per_draft(_AUTHORSHIP, lambda written, _: verifier.score(written)))
    return tuple(measures)


class _Measuring:
    """The arms and the mails that drafts were written for."""

    def __init__(self, arms: Mapping[str, Arm], drafted: Sequence[Judge], settings: GateSettings) -> None:
        self._arms = arms
        self._drafted = drafted
        self._draws = settings.resamples
        self._seed = settings.seed

    def measure(self, kind: _Kind, values: Values, weights: Sequence[float] | None = None) -> Measure:
        """Return a measure that is a mean over mails."""
        own = values[ADAPTER_RAG]
        return _made(
            kind,
            values,
            lambda arm: mean_interval(values[arm], weights, resamples=self._draws, seed=self._seed),
            lambda arm: paired_interval(own, values[arm], weights, resamples=self._draws, seed=self._seed),
        )

    def per_draft(self, kind: _Kind, score: Callable[[str, Judge], float]) -> Measure:
        """Return a measure of each draft beside what was sent."""
        return self.measure(
            kind,
            {
                name: tuple(float(score(text, judge)) for text, judge in zip(arm.drafts, self._drafted, strict=True))
                for name, arm in self._arms.items()
            },
        )

    def bleu(self) -> Measure:
        """Return BLEU, which is a score of all drafts together rather than a mean."""
        counts = {
            name: [bleu_counts(text, judge.text) for text, judge in zip(arm.drafts, self._drafted, strict=True)]
            for name, arm in self._arms.items()
        }
        values = {name: tuple(float(bleu_of(each)) for each in of_arm) for name, of_arm in counts.items()}
        own = counts[ADAPTER_RAG]
        return _made(
            _BLEU,
            values,
            lambda arm: bleu_interval(counts[arm], resamples=self._draws, seed=self._seed),
            lambda arm: paired_bleu_interval(own, counts[arm], resamples=self._draws, seed=self._seed),
        )

    def copied(self, learned: Learned) -> Values:
        """Return how long a passage each draft took over from a mail that its prompt did not show."""
        return {
            name: tuple(
                float(learned.longest_copy(text, [_shown(judge, name)]).length)
                for text, judge in zip(arm.drafts, self._drafted, strict=True)
            )
            for name, arm in self._arms.items()
        }


def _made(
    kind: _Kind, values: Values, alone: Callable[[str], Interval], beside: Callable[[str], Interval]
) -> Measure:  # fmt: skip
    return Measure(
        name=kind.name,
        title=kind.title,
        unit=kind.unit,
        is_higher_better=kind.is_higher_better,
        arms={arm: alone(arm) for arm in values},
        versus={arm: beside(arm) for arm in values if arm != ADAPTER_RAG},
        values=dict(values),
    )


def _shown(judge: Judge, arm: str) -> str:
    return judge.helped_shown if arm.endswith(IS_HELPED) else judge.plain_shown


def _off_length(written: str, sent: str) -> float:
    return abs(len(written) - len(sent)) / max(1, len(sent))


def _verifier(voices: Voices, by_base: Sequence[str]) -> Verifier | None:
    """Return what tells the author from others, else from the base model; None where there is too little of either."""
    own = list(voices.own.values())
    for others in (list(voices.others), [text for text in by_base if text]):
        if min(len(own), len(others)) >= FEWEST:
            return Verifier.fit(own, others)
    return None
