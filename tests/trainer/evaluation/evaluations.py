"""Evaluations for tests: measures with numbers of every mail, from which means and intervals are made as in a run."""

from collections.abc import Mapping, Sequence
from random import Random

from connectors.evaluation import (
    ADAPTER,
    ADAPTER_RAG,
    BASE,
    BASE_RAG,
    INCUMBENT,
    INCUMBENT_RAG,
    Canaries,
    Evaluation,
    Interval,
    Measure,
)
from connectors.gate_settings import GateSettings
from trainer.evaluation.bootstrap import mean_interval, paired_interval
from trainer.evaluation.gate import judge

DRAWS = 300
ARMS = (BASE, BASE_RAG, ADAPTER, ADAPTER_RAG, INCUMBENT, INCUMBENT_RAG)
GOOD: Mapping[str, Mapping[str, float]] = {
    "loss": {BASE: 0.80, BASE_RAG: 0.76, ADAPTER: 0.15, ADAPTER_RAG: 0.14, INCUMBENT: 0.16, INCUMBENT_RAG: 0.145},
    "chrf": {BASE: 40, BASE_RAG: 41, ADAPTER: 70, ADAPTER_RAG: 72, INCUMBENT: 69, INCUMBENT_RAG: 71},
    "style": {BASE: 0.5, BASE_RAG: 0.48, ADAPTER: 0.12, ADAPTER_RAG: 0.1, INCUMBENT: 0.12, INCUMBENT_RAG: 0.1},
    "language": {BASE: 1, BASE_RAG: 1, ADAPTER: 1, ADAPTER_RAG: 1, INCUMBENT: 1, INCUMBENT_RAG: 1},
    "length": {BASE: 0.3, BASE_RAG: 0.3, ADAPTER: 0.1, ADAPTER_RAG: 0.1, INCUMBENT: 0.1, INCUMBENT_RAG: 0.1},
    "copied": dict.fromkeys(ARMS, 12.0),
}
"""Means of a good adapter beside one that is as good."""
_TITLES = {
    "loss": ("Loss", "nats per byte", False),
    "chrf": ("chrF", "", True),
    "style": ("Style distance", "", False),
    "language": ("In the right language", "share", True),
    "length": ("Off the right length", "share", False),
    "copied": ("Longest copy", "letters", False),
    "authorship": ("Looks like the author", "", True),
}
_SPREAD = {"loss": 0.1, "chrf": 0.1, "style": 0.2, "length": 0.3}
"""By how much of its mean a mail differs from it."""


def means(changes: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, dict[str, float]]:
    """Return the means of a good adapter, some of them changed."""
    return {name: {**GOOD.get(name, {}), **(changes or {}).get(name, {})} for name in {**GOOD, **(changes or {})}}


def measures(
    changes: Mapping[str, Mapping[str, float]] | None = None,
    *,
    mails: int = 25,
    has_incumbent: bool = True,
    noise: float = 0.02,
    seed: int = 0,
) -> list[Measure]:
    """Return what was measured: means as given, mails that differ, and chance that differs by arm."""
    found = []
    for name, of_arms in means(changes).items():
        dice = Random(f"{seed} {name}")  # noqa: S311  not secrets
        common = [dice.gauss(0, _SPREAD.get(name, 0.0)) for _ in range(mails)]
        values = {
            arm: [mean * (1 + each + dice.gauss(0, noise if name in _SPREAD else 0)) for each in common]
            for arm, mean in of_arms.items()
            if has_incumbent or arm not in {INCUMBENT, INCUMBENT_RAG}
        }
        found.append(measure(name, values))
    return found


def measure(name: str, values: Mapping[str, Sequence[float]]) -> Measure:
    """Return a measure of these mails, with its intervals."""
    title, unit, is_higher_better = _TITLES[name]
    others = [arm for arm in values if arm != ADAPTER_RAG]
    return Measure(
        name=name,
        title=title,
        unit=unit,
        is_higher_better=is_higher_better,
        arms={arm: mean_interval(each, resamples=DRAWS, seed=0) for arm, each in values.items()},
        versus={arm: paired_interval(values[ADAPTER_RAG], values[arm], resamples=DRAWS, seed=0) for arm in others},
        values={arm: tuple(each) for arm, each in values.items()},
    )


def canaries(*, bits: float = 1.4, extracted: int = 0, before: int = 0) -> Canaries:
    """Return what became of eight planted secrets."""
    return Canaries(
        planted=8,
        highest_bits=8.0,
        exposure_bits={
            BASE_RAG: Interval(value=1.4, low=0.7, high=2.4),
            ADAPTER_RAG: Interval(value=bits, low=bits - 0.5, high=min(8.0, bits + 0.5)),
        },
        extracted={BASE_RAG: 0, ADAPTER_RAG: extracted, INCUMBENT_RAG: before},
    )


def evaluation(
    changes: Mapping[str, Mapping[str, float]] | None = None,
    *,
    mails: int = 25,
    has_incumbent: bool = True,
    planted: Canaries | None = None,
) -> Evaluation:
    """Return a whole evaluation, judged."""
    found = measures(changes, mails=mails, has_incumbent=has_incumbent)
    settings = GateSettings()
    checks, is_approved, reason = judge(found, planted, has_incumbent=has_incumbent, judged=mails, settings=settings)
    table = {"ana": {"base": 0.76, "this": 0.14, "ben@v1": 0.9}, "ben": {"base": 1.1, "this": 1.2, "ben@v1": 0.15}}
    return Evaluation(
        account="ana", adapter="ana@v3", incumbent="ana@v2" if has_incumbent else None, base_model="tiny",
        prompt_version="1", created_at="2026-11-21T02:00:00+00:00", judged=tuple(f"{n:02x}" for n in range(mails)),
        drafted=mails, newest_learned="2026-11-01T10:00:00+00:00", table=table, measures=tuple(found),
        canaries=planted, checks=checks, is_approved=is_approved, reason=reason,
    )  # fmt: skip
