"""Whether a new adapter may serve: what it must show on mail that neither it nor the one in service has learned from.

The rules the gate keeps:
1. Worth must be proven: an adapter serves only if it is nearer to its author than the base model beyond chance.
2. Harm must be ruled out in the loss, which every mail tells: not above that of the adapter in service, and surely not
   by more than a margin. In drafts, which are few, it must be proven: worse beyond chance, and by more than a margin.
3. Drafts are measured against the base model as well as the adapter in service: many small steps down cannot add up.
4. No number is no proof: where something could not be measured, nothing is approved.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from connectors.evaluation import BASE_RAG, INCUMBENT_RAG, Canaries, Check, Measure
from connectors.gate_settings import GateSettings
from trainer.evaluation.finding import Finding
from trainer.evaluation.gate_drafts import find_canaries, find_copied, find_drafts
from trainer.evaluation.gate_losses import ASTRAY, find_incumbent, find_learned

_TELLING = ("judged", "canaries", "language", "copied", "learned", "incumbent", "authorship", "length", "style", "chrf")
"""What says most about what went wrong comes first: that a secret comes out tells more than that the loss is high."""
_NOBODY: Mapping[str, Mapping[str, float]] = MappingProxyType({})


def judge(
    measures: Sequence[Measure],
    canaries: Canaries | None,
    *,
    has_incumbent: bool,
    judged: int,
    settings: GateSettings,
    table: Mapping[str, Mapping[str, float]] = _NOBODY,
    account: str = "",
    is_astray: bool = False,
    aside: str = "",
) -> tuple[tuple[Check, ...], bool, str]:
    """Return what was asked for and found, whether the adapter may serve, and why, in one line for a person.

    Args:
        measures: At least "loss", "chrf", "style", "language", "length" and "copied", unless too few mails judge.
        canaries: None where none were planted.
        has_incumbent: Whether the arms of an adapter in service are among those measured.
        judged: How many mails judged.
        settings: How much is asked for.
        table: Losses by author and writer, to say whose mail an adapter is nearer to that is not nearer to its own.
        account: Whose adapter it is, by the name it has in the table.
        is_astray: Whether a loss of the adapter is no number; nothing else is measured then.
        aside: What is to be known of how the adapter in service was measured.
    """
    by_name = {measure.name: measure for measure in measures}
    rivals = (INCUMBENT_RAG, BASE_RAG) if has_incumbent else (BASE_RAG,)
    findings = [_find_enough(judged, settings)]
    if is_astray:
        findings.append(ASTRAY)
    elif findings[0].is_passed:
        loss = by_name["loss"]
        others = {author: losses for author, losses in table.items() if author != account}
        findings.append(find_learned(loss, judged, others))
        if has_incumbent:
            findings.append(find_incumbent(loss, judged, settings.margin, aside=aside))
        findings += find_drafts(by_name, rivals, settings)
        findings.append(find_copied(by_name["copied"], has_incumbent=has_incumbent, most=settings.max_copied))
        if canaries is not None and canaries.planted:
            findings.append(find_canaries(canaries, settings.max_exposure))
    checks = tuple(Check(name=each.name, is_passed=each.is_passed, words=each.words) for each in findings)
    return checks, all(check.is_passed for check in checks), _reason(findings)


def _reason(findings: Sequence[Finding]) -> str:
    failed = sorted((each for each in findings if not each.is_passed), key=lambda each: _TELLING.index(each.name))
    if not failed:
        enough, *found = [each.words for each in findings if each.name in {"judged", "learned", "incumbent"}]
        return f"approved: {'; '.join([*found, enough])}"
    # Harm that is certain comes before what more mail may still decide.
    first = next((each for each in failed if not each.is_undecided), failed[0])
    others = ", ".join(each.name for each in failed if each is not first)
    also = f" (also failed: {others})" if others else ""
    return f"{'undecided' if first.is_undecided else 'not approved'}: {first.words}{also}. {first.step}"


def _find_enough(judged: int, settings: GateSettings) -> Finding:
    missing = settings.min_mails - judged
    words = f"judged by {judged} mail{'' if judged == 1 else 's'} newer than all that was learned"
    if missing <= 0:
        return Finding(name="judged", words=words)
    return Finding(
        name="judged",
        words=f"{words}, where {settings.min_mails} are needed",
        step=f"Train again when {missing} more {'has' if missing == 1 else 'have'} been sent. It may take more: three "
        "mails in ten are held out at most, and of a thread that was learned from none judges.",
        is_undecided=True,
    )
