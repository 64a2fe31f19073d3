"""Looks up what is to be known before it is decided whether an account is due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from connectors.adapter import AdapterCard, current_version, is_tainted, list_cards, target
from connectors.learned_mail import LearnedMail, learned_mail, sent_after
from service.refresh.decide import Facts
from service.refresh.runs import SKEW, Runs, RunState


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
            spoilt=self._spoilt(newest, has_changed=has_changed) if newest else "",
            new=new if has_changed else (),
            has_changed=has_changed,
        )

    def _known(self, account: str, newest: AdapterCard | None) -> Known:
        """Return what the newest adapter was made with: by its run, or by its card where it came without one."""
        last = self._runs.last_learned(account)
        if last and last.material and (newest is None or last.adapter == newest.name):
            return Known(newest=last.newest, digest=last.material)
        return Known(newest=_newest_known(newest)) if newest else Known()

    def _spoilt(self, newest: AdapterCard, *, has_changed: bool) -> str:
        """Return why an account's adapter is of no use any more; "" where it is, or nothing new could mend it."""
        if is_tainted(self._adapters, newest.account, newest.version):
            return f"{newest.name} learned from mail that was forgotten since."
        if why := self._why_unfit(newest):
            return f"{newest.name} is of no use any more: {why.partition(' Train again')[0]}"
        # The one that was to take its place was rejected: the same mail once more would come to the same.
        version = self._writes(newest.account)
        if has_changed and version and is_tainted(self._adapters, newest.account, version):
            return f"{newest.account}@v{version} writes, and learned from mail that was forgotten since."
        return ""

    def _writes(self, account: str) -> int | None:
        """Return the version that writes for an account, or will when the service starts."""
        will = target(self._adapters, account, is_usable=lambda card: not self._why_unfit(card))
        return current_version(self._adapters, account) or (will.version if will else None)


def _newest_known(card: AdapterCard) -> datetime | None:
    """Return when the newest mail was sent that an adapter was made with, at the latest when it was made."""
    times = _time(str(card.data.get("newest", ""))), _made_at(card)
    return min((time for time in times if time is not None), default=None)


def _made_at(card: AdapterCard) -> datetime | None:
    return _time(card.created_at)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
