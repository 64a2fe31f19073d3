"""Looks up what is to be known before it is decided whether an account is due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from connectors.adapter import AdapterCard, is_tainted, list_cards
from connectors.learned_mail import LearnedMail, learned_mail, sent_after
from service.refresh.decide import SKEW, Facts
from service.refresh.runs import Runs, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The mail that the newest adapter was made with: learned from, or held out to judge it."""

    newest: datetime | None = None
    """When the newest of it was sent."""
    digest: str = ""
    """See `LearnedMail`; "" where it is not known."""


class Looker:
    """What looks at the database and at the adapters. Threads may share it."""

    def __init__(
        self,
        engine: Engine,
        runs: Runs,
        adapters: Path,
        *,
        why_unfit: Callable[[AdapterCard], str] = lambda _: "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Join the parts.

        Args:
            engine: The database.
            runs: The runs in it.
            adapters: The folder of all accounts' adapters.
            why_unfit: Says why an adapter is for another model or prompt than is served now; "" where it is for these.
            clock: The time.
        """
        self._engine = engine
        self._runs = runs
        self._adapters = adapters
        self._why_unfit = why_unfit
        self._clock = clock

    def stock(self, account: str) -> LearnedMail:
        """Return what there is to learn from now."""
        return learned_mail(self._engine, account, self._clock())

    def look(self, account: str) -> Facts:
        """Return what is known of an account."""
        cards = list_cards(self._adapters, account)
        newest = cards[-1] if cards else None
        known = self._known(account, newest)
        # A mail dated 2099 would be new for ever.
        until = self._clock() + SKEW
        has_changed = True
        new = tuple(sent_at for sent_at in sent_after(self._engine, account, known.newest) if sent_at <= until)
        if known.digest:
            has_changed = self.stock(account).digest != known.digest
        elif newest is not None:
            has_changed = bool(new)
        return Facts(
            account=account,
            is_asked=self._runs.newest(account, {RunState.ASKED}) is not None,
            running=self._runs.newest(account, {RunState.RUNNING}),
            last=self._runs.last_ended(account),
            adapter=newest.name if newest else "",
            learned_at=_made_at(newest) if newest else None,
            spoilt=self._spoilt(newest) if newest else "",
            new=new if has_changed else (),
            has_changed=has_changed,
        )

    def _known(self, account: str, newest: AdapterCard | None) -> Known:
        """Return what the newest adapter was made with: by its run, or by its card where it came without one."""
        last = self._runs.last_learned(account)
        if last and last.material and (newest is None or last.adapter == newest.name):
            return Known(newest=last.newest, digest=last.material)
        return Known(newest=_time(str(newest.data.get("newest", ""))) or _made_at(newest)) if newest else Known()

    def _spoilt(self, card: AdapterCard) -> str:
        if is_tainted(self._adapters, card.account, card.version):
            return f"{card.name} learned from mail that was forgotten since."
        if why := self._why_unfit(card):
            return f"{card.name} is of no use any more: {why.partition(' Train again')[0]}"
        return ""


def _made_at(card: AdapterCard) -> datetime | None:
    return _time(card.created_at)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
