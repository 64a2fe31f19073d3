"""Whether an adapter can be served here at all, and what to do where it cannot: by its card alone."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.adapter import LORA, AdapterCard, damaged, has_weights, is_withdrawn, list_cards
from connectors.errors import StoreError
from retrieval.prompt import PROMPT_VERSION
from service.notices import Notice, NoticeKind

logger = logging.getLogger(__name__)

BARRED = "It learned from mail that was forgotten since ([forget] strict). Train again: cyrano train."
"""Why an adapter does not serve that would fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What an adapter must be made for."""

    base_model: str
    """What cards must name as their base model."""
    revision: Callable[[], str] = lambda: ""
    """Returns what that model is made of now, by `connectors.base_model`; "" where it is not known."""
    serving: str = LORA
    """How adapters are served: LORA beside the base model, MERGED put into it, whatever made them."""
    prompt_version: str = PROMPT_VERSION

    def is_fit(self, card: AdapterCard) -> bool:
        """Tell whether an adapter can be served."""
        return not self.why_not(card)

    def why_not(self, card: AdapterCard) -> str:
        """Return why an adapter cannot be served, and what to do, in a sentence or two; "" where it can."""
        found = self.unfit(card)
        return found[1] if found else ""

    def unfit(self, card: AdapterCard) -> tuple[NoticeKind, str] | None:
        """Return why an adapter cannot be served, with what to do; None where it can."""
        again = f"Train again: cyrano train --account {card.account}"
        if self.serving == LORA and card.serving != LORA:
            said = (
                f'{card.method} needs merged serving. Set [engine] serving = "merged", or train with [train] as_lora.'
            )
            return NoticeKind.ADAPTER_METHOD, said
        if card.base_model != self.base_model:
            said = f"It was trained for the base model {card.base_model}, and {self.base_model or 'none'} is set."
            return NoticeKind.ADAPTER_MODEL, f"{said} {again}"
        if card.prompt_version != self.prompt_version:
            versions = f"{card.prompt_version}, not {self.prompt_version}"
            said = f"It was trained for another version of the prompt ({versions}). {again}"
            return NoticeKind.ADAPTER_PROMPT, said
        if card.base_revision and self._found() not in {"", card.base_revision}:
            return NoticeKind.ADAPTER_MODEL_CHANGED, f"The base model changed since it was trained. {again}"
        return None

    def _found(self) -> str:
        """Return what the base model is made of; one that cannot be read now may well be served still."""
        try:
            return self.revision()
        except StoreError as error:
            logger.warning("%s", error)
            return ""


def reasons(
    root: Path,
    account: str,
    newer_than: int,
    *,
    unfit: Callable[[AdapterCard], tuple[NoticeKind, str] | None],
    why_refused: Callable[[AdapterCard], str],
) -> Iterator[Notice]:
    """Yield the adapters that one would expect to write for an account, each with why it does not, and what to do.

    Those are the broken ones and the approved ones that nobody withdrew. Of those made for something else the newest
    stands for all. What is wrong with one older than the one that writes is of no interest.

    Args:
        root: The folder of all accounts' adapters.
        account: Whose.
        newer_than: The version that writes; 0 where the base model does.
        unfit: Says of an adapter why it is for another model, prompt or engine; None where it is for these.
        why_refused: Says why the engine did not take it; "" where it did, or was not asked.
    """
    again = f"Train again: cyrano train --account {account}"
    for version, said in damaged(root, account).items():
        if version > newer_than and not is_withdrawn(root, account, version):
            yield _out(NoticeKind.ADAPTER_DAMAGED, f"{account}@v{version}", f"{said} {again}")
    approved = [card for card in list_cards(root, account) if card.is_approved and card.version > newer_than]
    expected = [card for card in approved if not is_withdrawn(root, account, card.version)]
    for card in expected:
        if said := why_refused(card):
            yield _out(NoticeKind.ADAPTER_REFUSED, card.name, said)
    for card in expected[-1:]:
        if not has_weights(root, card):
            yield _out(NoticeKind.ADAPTER_WEIGHTS, card.name, f"Its weights are missing. {again}")
        elif found := unfit(card):
            yield _out(found[0], card.name, found[1])


def stuck_notice(account: str, why: str) -> Notice:
    """Return the notice of an account for which nothing else can be put in service now."""
    return Notice(kind=NoticeKind.ADAPTER_STUCK, about=account, text=why)


def notices_of(account: str, notices: Mapping[str, Notice]) -> Sequence[Notice]:
    """Return those of one account, by the adapters' names."""
    return [notice for name, notice in notices.items() if name.startswith(f"{account}@")]


def _out(kind: NoticeKind, name: str, why: str) -> Notice:
    return Notice(kind=kind, about=name, text=f"{name} is not in service: {why}")
