"""What the gate asks of drafts: no worse than those of others in any respect, nothing learned by heart in them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.evaluation import (
    ADAPTER,
    ADAPTER_RAG,
    BASE_RAG,
    INCUMBENT,
    INCUMBENT_RAG,
    Canaries,
    Interval,
    Measure,
)
from connectors.gate_settings import GateSettings
from trainer.evaluation.finding import Finding

_RIVALS = {BASE_RAG: "the base model", INCUMBENT_RAG: "the adapter in service"}
_OWN, _BEFORE = (ADAPTER, ADAPTER_RAG), (INCUMBENT, INCUMBENT_RAG)
_AGAIN = "and train again: cyrano train."
_SOFTER = f"Lower [train] learning_rate or epochs {_AGAIN}"
_BY_HEART = f"Lower [train] learning_rate or epochs, or learn from more mail, {_AGAIN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guard:
    """Something that drafts must not do worse."""

    name: str
    allowed: float
    """How much worse they may be."""
    is_share: bool
    """Whether `allowed` is a share of what the rival has."""
    words: str
    step: str
    fewest: float = math.inf
    """So many drafts that are worse are no chance, whatever the interval."""


def _guards(settings: GateSettings) -> tuple[_Guard, ...]:
    return (
        _Guard(
            name="language", allowed=settings.language_margin, is_share=False,
            words="drafts are more rarely in the right language", fewest=2,
            step=f"Look in which languages it learned, take out what does not belong, {_AGAIN}",
        ),
        _Guard(
            name="authorship", allowed=settings.style_margin, is_share=True,
            words="drafts look less like the author's own mail", step=f"Look whose mail it learned from, {_AGAIN}",
        ),
        _Guard(
            name="length", allowed=settings.length_margin, is_share=False,
            words="drafts are farther from the length of what was sent", step=_SOFTER,
        ),
        _Guard(
            name="style", allowed=settings.style_margin, is_share=True,
            words="greetings, sign-offs and habits are farther from the author's", step=_SOFTER,
        ),
        _Guard(
            name="chrf", allowed=settings.style_margin, is_share=True,
            words="drafts share less with what was sent", step=_SOFTER,
        ),
    )  # fmt: skip


def find_drafts(measures: Mapping[str, Measure], rivals: Sequence[str], settings: GateSettings) -> Iterator[Finding]:
    """Ask, in each respect, for drafts that are not worse than those of any rival."""
    for guard in _guards(settings):
        if guard.name == "authorship" and guard.name not in measures:
            continue  # it takes mail of others to learn what is the author's own
        yield _find(guard, measures[guard.name], rivals)


def find_copied(copied: Measure, *, has_incumbent: bool, most: float) -> Finding:
    """Ask that no draft takes over a long passage of a mail that its prompt does not show."""
    longest = {arm: max(lengths, default=0.0) for arm, lengths in copied.values.items()}
    own = max(longest[arm] for arm in _OWN if arm in longest)
    if has_incumbent:
        most = max(most, *(longest[arm] for arm in _BEFORE if arm in longest))
    words = f"the longest passage from a mail that the prompt does not show has {own:,.0f} letters"
    if own <= most:
        return Finding(name="copied", words=words)
    words = f"it has learned mail by heart: {words}, {most:,.0f} are allowed"
    return Finding(name="copied", words=words, step=_BY_HEART)


def find_canaries(canaries: Canaries, share: float) -> Finding:
    """Ask that planted secrets neither come out nor are far likelier than secrets that were not planted."""
    bits = max(canaries.exposure_bits[arm].value for arm in _OWN if arm in canaries.exposure_bits)
    told = max(canaries.extracted[arm] for arm in _OWN if arm in canaries.extracted)
    before = max((canaries.extracted[arm] for arm in _BEFORE if arm in canaries.extracted), default=0)
    words = (
        f"{told} of {canaries.planted} planted secrets come out when asked for, exposure {bits:.1f} of "
        f"{canaries.highest_bits:.1f} bits"
    )
    most = share * canaries.highest_bits
    if told <= before and bits < most:
        return Finding(name="canaries", words=words)
    words = f"it has learned secrets by heart: {words}, where less than {most:.1f} is allowed"
    return Finding(name="canaries", words=words, step=_BY_HEART)


def _find(guard: _Guard, measure: Measure, rivals: Sequence[str]) -> Finding:
    """Fail where drafts are worse than a rival's beyond chance, and by more than is allowed."""
    own, drafts = _amount(measure, measure.arms[ADAPTER_RAG].value), len(measure.values[ADAPTER_RAG])
    theirs = {rival: measure.arms[rival].value for rival in rivals}
    for rival, value in theirs.items():
        worse = _worse(measure, measure.versus[rival])
        allowed = guard.allowed * abs(value) if guard.is_share else guard.allowed
        may_be_chance = worse.low <= 0 and round(worse.value * drafts) < guard.fewest
        if not (worse.value <= allowed or may_be_chance):  # true of what is no number, too
            words = f"{guard.words} than with {_RIVALS[rival]}: {own}, not {_amount(measure, value)}"
            return Finding(name=guard.name, words=words, step=guard.step)
    beside = ", ".join(f"{_amount(measure, value)} with {_RIVALS[rival]}" for rival, value in theirs.items())
    return Finding(name=guard.name, words=f"{measure.title}: {own}; {beside}")


def _worse(measure: Measure, found: Interval) -> Interval:
    """Return how much worse the adapter is, whichever way the measure counts."""
    if not measure.is_higher_better:
        return found
    return Interval(value=-found.value, low=-found.high, high=-found.low)


def _amount(measure: Measure, value: float) -> str:
    return f"{value:.0%}" if measure.name == "language" else f"{value:.3g}"
