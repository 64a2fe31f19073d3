"""One account's refresh: sync, learn, judge, flip. Its parts are given to it; it knows the order, and every way out.

The rules this module keeps:
1. Only the holder of the lease runs, and only while it holds it.
2. However a run ends, the adapter that was in service serves on, and the row says why it ended and what to do.
3. What a run that was broken off has made is used: it goes on in its folder, under its name, where it stopped.
4. Nothing stays of a run whose account was removed.
"""

import logging
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.adapter import AdapterCard, current_version, is_withdrawn, list_cards
from connectors.errors import AccountError, CyranoError, EngineDown, TrainError
from connectors.job import TrainJob
from connectors.learned_mail import LearnedMail
from service.refresh.decide import Decision, Facts, decide
from service.refresh.folders import prepare, read_result, wait_for_quiet
from service.refresh.lease import TRAINING, Held, LeaseLost, Leases, LeaseTaken
from service.refresh.reporter import Reporter
from service.refresh.runs import GONE, INTERRUPTED_HINT, SCHEDULE, RunGone, RunRecord, Runs, RunState, Stage
from service.refresh.settings import RefreshSettings
from service.refresh.sweep import interrupt_left
from service.turns import Stopped

logger = logging.getLogger(__name__)

FLIP_WITHIN_S = 900.0
"""How long an approved adapter may take to write before the run ends without it: engines start for minutes."""
POLL_S = 0.2
BROKEN_OFF = frozenset({RunState.INTERRUPTED, RunState.FAILED})
STOPPING = "Cyrano is stopping."
_UNEXPECTED = "The log says where it failed: tell those who make Cyrano. The next run goes on where it stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a refresh is made of."""

    look: Callable[[str], Facts]
    """What is known of an account."""
    stock: Callable[[str], LearnedMail]
    """What there is to learn from."""
    settings: Callable[[str], RefreshSettings]
    sync: Callable[[str, Reporter], None]
    """Brings in what was sent meanwhile."""
    order: Callable[[str], TrainJob]
    """What the trainer is told to do; its `run` is given to it here."""
    train: Callable[[Path, str, Reporter], Mapping[str, Any]]
    """Runs the trainer on a folder, for an account."""
    is_account: Callable[[str], bool]
    forget: Callable[[str], None]
    """Deletes what lies in folders of an account that is gone."""
    collect: Callable[[str], object] = lambda _: None
    """Deletes the weights of adapters that are too old to be needed."""
    why_not: Callable[[AdapterCard], str] = lambda _: ""
    """Says why an adapter cannot serve here, or does not yet; "" where nothing is known to be in the way."""
    help_flip: Callable[[], object] = lambda: None
    """Flips to what is newest, where nobody else does."""
    tell: Callable[[RunRecord], bool] = lambda _: True
    """Tells the owner of a bad end; returns whether that is done, else it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended."""

    state: RunState
    adapter: str = ""
    reason: str = ""
    hint: str = ""


class Refresher:
    """Carries out refreshes, one at a time over all processes and machines."""

    def __init__(
        self,
        work: Work,
        runs: Runs,
        leases: Leases,
        *,
        folder: Path,
        adapters: Path,
        stop: threading.Event | None = None,
        flip_within_s: float = FLIP_WITHIN_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts.

        Args:
            work: What a refresh is made of.
            runs: Where it is written down.
            leases: Who may run.
            folder: Where the folders of runs lie.
            adapters: Where adapters lie.
            stop: Breaks a run off when it is set.
            flip_within_s: How long an approved adapter may take to be in service.
            monotonic: Seconds that only grow.
        """
        self._work = work
        self._runs = runs
        self._leases = leases
        self._folder = folder
        self._adapters = adapters
        self._stop = stop or threading.Event()
        self._flip_within_s = flip_within_s
        self._monotonic = monotonic

    def decision(self, account: str) -> Decision:
        """Say whether a run of an account is due, and if not, when and why it will be."""
        return self._decide(self._work.look(account))

    def turn(self, account: str) -> Decision:
        """Look at an account, and refresh it if that is due; return what is to be said of it then."""
        interrupt_left(self._runs, self._leases)
        self._note_late_flip(account)
        self._tell(account)
        decision = self.decision(account)
        if not decision.is_due:
            return decision
        try:
            self.refresh(account)
        except LeaseTaken as error:
            return replace(decision, why=f"{decision.why} It waits for its turn: {error}")
        return self.decision(account)

    def refresh(self, account: str, *, patience_s: float = 0.0, is_asked: bool = False) -> RunRecord | None:
        """Refresh an account now, if that is still due once it is its turn; return the run.

        Args:
            account: Whose.
            patience_s: For how long to wait for its turn.
            is_asked: Whether the caller asked for it. What it was told of then may be the run of a process that is
                gone: then it is asked for anew.

        Raises:
            LeaseTaken: another run is under way.
        """
        with self._leases.hold(TRAINING, patience_s=patience_s, stop=self._stop) as held:
            left = self._runs.interrupt(GONE)
            if is_asked and account in {each.account for each in left}:
                self._runs.ask(account)
            decision = self.decision(account)
            return self._run(account, decision, held) if decision.is_due else None

    def _decide(self, facts: Facts) -> Decision:
        return decide(facts, self._work.settings(facts.account), self._runs.now())

    def _run(self, account: str, decision: Decision, held: Held) -> RunRecord | None:
        last = self._runs.last_ended(account)
        goes_on = last if last and last.state in BROKEN_OFF and self._is_unfinished(last) else None
        known = goes_on.reason if goes_on and goes_on not in self._runs.untold(account) else None
        run_id = goes_on.run_id if goes_on else ""
        record = self._runs.begin(account, trigger=SCHEDULE, why=decision.why, run_id=run_id)
        try:
            outcome = self._outcome(record, held)
            if outcome.state is RunState.FAILED and outcome.reason == known:
                self._runs.mark_told(record.run_id)  # its owner has heard that already
            return self._end(record, outcome)
        except RunGone:
            logger.info("run %s ended: its account was removed", record.run_id)
            self._clear(record)
        except LeaseLost as error:
            logger.warning("run %s broke off: %s", record.run_id, error)  # its row is another process's now
        return None

    def _is_unfinished(self, last: RunRecord) -> bool:
        """Tell whether a run that was broken off can go on: there is something left of it, and no adapter yet."""
        return last.state is RunState.INTERRUPTED or read_result(self._folder / last.run_id) is None

    def _outcome(self, record: RunRecord, held: Held) -> Outcome:
        """Carry out a run, and say how it ended, whatever happens.

        Raises:
            RunGone: its account was removed.
            LeaseLost: another process trains now.
        """
        reporter = Reporter(record.run_id, self._runs, held, self._stop, monotonic=self._monotonic)
        try:
            return self._carry_out(record, reporter)
        except (RunGone, LeaseLost):
            raise
        except Stopped as error:
            return _interrupted(str(error))
        except CyranoError as error:
            if not self._work.is_account(record.account):
                raise RunGone(str(error)) from error
            return self._failed(str(error), error.hint)
        except Exception as error:  # noqa: BLE001  whatever it was, the next run may fare better
            # Where, not what: the message of a foreign exception may quote mail.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("run %s failed: %s\n%s", record.run_id, type(error).__name__, where)  # noqa: TRY400
            return self._failed(f"Something unexpected failed: {type(error).__name__}.", _UNEXPECTED)
        except BaseException:
            with suppress(CyranoError):
                self._end(record, _interrupted("It was broken off."))
            raise

    def _failed(self, reason: str, hint: str) -> Outcome:
        """Say how a run ended in which something went wrong; whatever goes wrong while Cyrano stops comes of that."""
        if self._stop.is_set():
            return _interrupted(STOPPING)
        return Outcome(state=RunState.FAILED, reason=reason, hint=hint)

    def _carry_out(self, record: RunRecord, reporter: Reporter) -> Outcome:
        folder = self._folder / record.run_id
        if published := self._published(record):
            return self._put_in_service(record, published, reporter)
        result: Mapping[str, Any] | None = read_result(folder)
        if result is None:
            self._sync(record, reporter)
            facts = replace(self._work.look(record.account), running=None)
            if facts.adapter and not facts.has_changed and not facts.spoilt:
                shutil.rmtree(folder, ignore_errors=True)
                return _skipped(facts)
            self._reword(record, facts)
            result = self._learn(record, folder, reporter)
        return self._put_in_service(record, self._card(record, result), reporter)

    def _sync(self, record: RunRecord, reporter: Reporter) -> None:
        """Bring in what was sent; a mailbox that cannot be read now does not keep the mail that is there from use."""
        reporter.enter(Stage.SYNC)
        try:
            self._work.sync(record.account, reporter)
        except AccountError as error:
            logger.warning("run %s goes on without a sync: %s", record.run_id, type(error).__name__)
        reporter.check()

    def _reword(self, record: RunRecord, facts: Facts) -> None:
        """Say why, now that all mail is there."""
        decision = self._decide(facts)
        was_broken_off = facts.last is not None and facts.last.state is RunState.INTERRUPTED
        if record.trigger == SCHEDULE and decision.is_due and not was_broken_off:
            self._runs.note(record.run_id, why=decision.why)

    def _learn(self, record: RunRecord, folder: Path, reporter: Reporter) -> Mapping[str, Any]:
        stock = self._work.stock(record.account)
        self._runs.note(record.run_id, material=stock.digest, newest=stock.newest)
        wait_for_quiet(folder, reporter.check)
        prepare(folder, self._work.order(record.account))
        return self._work.train(folder, record.account, reporter)

    def _published(self, record: RunRecord) -> AdapterCard | None:
        """Return the card of what a run published before it was broken off, be it without a word of its result."""
        cards = list_cards(self._adapters, record.account)
        found = next((card for card in cards if card.config.get("run") == record.run_id), None)
        if found is not None and read_result(self._folder / record.run_id) is None:
            # Without a result it would count as unfinished, and `cyrano train` would go on with it.
            shutil.rmtree(self._folder / record.run_id, ignore_errors=True)
        return found

    def _card(self, record: RunRecord, result: Mapping[str, Any]) -> AdapterCard:
        """Return the card of what a run published."""
        name = result.get("adapter")
        found = next((card for card in list_cards(self._adapters, record.account) if card.name == name), None)
        if found is None:
            shutil.rmtree(self._folder / record.run_id, ignore_errors=True)
            raise TrainError(f"The adapter {name} is not there any more.", hint="The next run makes a new one.")
        return found

    def _put_in_service(self, record: RunRecord, card: AdapterCard, reporter: Reporter) -> Outcome:
        """Wait until an approved adapter writes; whoever keeps the engine flips."""
        if not card.is_approved:
            self._collect(record)
            hint = (
                f"The adapter before goes on, and {card.name} stays with its report: cyrano adapters. "
                "The next run begins when there is more new mail."
            )
            return Outcome(state=RunState.REJECTED, adapter=card.name, reason=card.verdict, hint=hint)
        ends_at = self._monotonic() + self._flip_within_s
        reporter.enter(Stage.FLIP)
        while not self._is_in_service(card):
            reporter.check()
            if self._is_out_of_the_question(card) or self._monotonic() >= ends_at:
                return Outcome(state=RunState.WAITING, adapter=card.name, **self._why_waiting(card))
            with suppress(EngineDown):
                self._work.help_flip()
            if not self._is_in_service(card):
                self._stop.wait(POLL_S)
        self._collect(record)
        return Outcome(state=RunState.LIVE, adapter=card.name, reason=card.verdict)

    def _is_in_service(self, card: AdapterCard) -> bool:
        return (current_version(self._adapters, card.account) or 0) >= card.version

    def _is_out_of_the_question(self, card: AdapterCard) -> bool:
        return bool(self._work.why_not(card)) or is_withdrawn(self._adapters, card.account, card.version)

    def _why_waiting(self, card: AdapterCard) -> dict[str, str]:
        if is_withdrawn(self._adapters, card.account, card.version):
            return {"reason": f"{card.name} was withdrawn before it wrote.", "hint": "See: cyrano adapters"}
        if why := self._work.why_not(card):
            return {"reason": f"{card.name} passed, and does not write yet.", "hint": why}
        said = f"{card.name} passed, and does not write yet: nobody put it in service so far."
        return {"reason": said, "hint": "It does as soon as the engine answers: cyrano up, cyrano status"}

    def _note_late_flip(self, account: str) -> None:
        """A run whose adapter had to wait is over well once it writes."""
        last = self._runs.last_learned(account)
        if last is None or last.state is not RunState.WAITING:
            return
        cards = list_cards(self._adapters, account)
        card = next((each for each in cards if each.name == last.adapter), None)
        if card is not None and self._is_in_service(card):
            self._end(last, Outcome(state=RunState.LIVE, adapter=card.name, reason=card.verdict))

    def _end(self, record: RunRecord, outcome: Outcome) -> RunRecord | None:
        try:
            ended = self._runs.end(
                record.run_id, outcome.state, adapter=outcome.adapter, reason=outcome.reason, hint=outcome.hint
            )
        except RunGone:
            raise
        except CyranoError as error:
            logger.error("run %s ended: %s; it could not be written down: %s", record.run_id, outcome.state, error)  # noqa: TRY400  said in full
            return None
        self._tell(record.account)
        return ended

    def _tell(self, account: str) -> None:
        """Tell an account's owner of bad ends, as far as that was not possible before."""
        for record in self._runs.untold(account):
            try:
                is_done = self._work.tell(record)
            except Exception as error:  # noqa: BLE001  a run ends as it did, whoever hears of it
                logger.warning("nobody could be told of run %s: %s", record.run_id, type(error).__name__)
            else:
                if is_done:
                    self._runs.mark_told(record.run_id)

    def _collect(self, record: RunRecord) -> None:
        try:
            self._work.collect(record.account)
        except CyranoError as error:
            logger.warning("old adapters of %s stay: %s", record.account, error)

    def _clear(self, record: RunRecord) -> None:
        """Leave nothing of a run whose account was removed."""
        shutil.rmtree(self._folder / record.run_id, ignore_errors=True)
        if not self._work.is_account(record.account):
            self._work.forget(record.account)


def _skipped(facts: Facts) -> Outcome:
    hint = "It begins again with the next new mail. To train on the same mail once more: cyrano train"
    return Outcome(state=RunState.SKIPPED, reason=f"Nothing changed since {facts.adapter}.", hint=hint)


def _interrupted(reason: str) -> Outcome:
    return Outcome(state=RunState.INTERRUPTED, reason=reason, hint=INTERRUPTED_HINT)
