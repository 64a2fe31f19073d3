"""Playback: for each mail the instruction that would have led to it, written by the engine and kept in the archive.

The rules this module keeps:
1. What was written is stored within a second of its coming, so that a run that was stopped, however, asks only for
   the rest.
2. An answer with a fault is asked for again; after the last try the mail gets an extract, marked and counted as such.
3. Instructions given by a person win, and are never asked for. One that was written from other words than stand in
   the mail, or in what it answers, now is asked for again.
4. An engine that went away is waited for (its keeper starts it again); one that stays away, or refuses mail after
   mail, ends the run. No extract is stored for a mail that the engine never answered: the next run asks for it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from connectors.instruction import Instruction
from connectors.message import Email, ThreadMessage
from trainer.data import faults
from trainer.data.instruction import PLAYBACK_VERSION, digest
from trainer.data.patience import PatientWriter, Writer
from trainer.data.scribe import Question, Scribe, Written, extracted
from trainer.data.window import answers

__all__ = ["Cache", "Playback", "Writer", "play_back"]

STORED_AFTER_S = 1.0
"""What comes is stored, and progress told, that often."""
PATIENCE_S = 300.0
"""How long an engine that does not answer is waited for: one that starts again reads its model for minutes."""
REFUSED_IN_A_ROW = 10
"""Mails without an answer to any try, one after the other, from which the fault is the engine's."""
EARLIER = "in an earlier run"


class Cache(Protocol):
    """What keeps instructions: `connectors.archive.Archive`."""

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return the known instructions by Message-ID."""

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep instructions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """The instruction of each mail by Message-ID, and what was wrong with answers that were not taken."""

    instructions: dict[str, Instruction]
    faults: dict[str, int]
    """How often which fault was found in this run's answers, those of mails that got a good one later included."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """The mails, by Message-ID, for which no answer would do, with the last one's fault: they have an extract."""
    by_language: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many instructions came from where, by the language of the mail; the most frequent first."""

    @property
    def sources(self) -> dict[str, int]:
        """How many instructions came from where: "model", "extract", "given"."""
        return dict(Counter(each.source for each in self.instructions.values()))


def answers_nothing(_: Email) -> None:
    """Say of any mail that it answers none."""


def play_back(
    emails: Sequence[Email],
    cache: Cache,
    account: str,
    *,
    writer: Writer | None,
    model: str,
    concurrency: int,
    report: Callable[[int, int, str], None],
    answered: Callable[[Email], ThreadMessage | None] = answers_nothing,
    patience_s: float = PATIENCE_S,
) -> Playback:
    """Return an instruction for each mail; without a `writer`, mails that have none yet get an extract.

    Args:
        emails: The mails.
        cache: What keeps instructions.
        account: Whose mails they are.
        writer: What writes instructions.
        model: The name that it is asked for.
        concurrency: How many questions are under way at once.
        report: Called with how many mails have an instruction, how many there are, and a few words on the pace.
        answered: Gives the message that a mail answers: the model sees it too. Called in this thread.
        patience_s: How long an engine that does not answer is waited for.

    Raises:
        EngineDown: the engine went away and did not come back; what it wrote until then is stored.
        EngineError: it refuses whatever it is asked.
        ModelMissing: it does not know `model`.
    """
    known = _still_right(cache.instructions(account, PLAYBACK_VERSION, model), emails, answered)
    found = {email.message_id: known[email.message_id] for email in emails if email.message_id in known}
    missing = [email for email in emails if email.message_id not in known]
    report(len(found), len(emails), "")
    tally = _Tally(found, len(emails))
    if writer is None:
        found |= {email.message_id: extracted(email) for email in missing}
    elif missing:

        def store() -> None:
            cache.store_instructions(account, PLAYBACK_VERSION, model, tally.unstored)
            # Only now: whoever stops the run in the middle of a store has these stored on the way out.
            tally.unstored.clear()
            report(len(found), len(emails), tally.pace(is_waiting=patient.is_waiting))

        faults.warm()
        patient = PatientWriter(writer, patience_s=patience_s)
        questions = ((email, answered(email)) for email in missing)
        try:
            _write_all(questions, Scribe(patient, model), tally, concurrency, store)
        finally:
            patient.leave()
            store()
    return Playback(
        instructions=found,
        faults=dict(tally.faults),
        dropped={} if writer is None else _extracts(found, tally.dropped),
        by_language=_by_language(emails, found),
    )


def _still_right(
    known: dict[str, Instruction], emails: Sequence[Email], answered: Callable[[Email], ThreadMessage | None]
) -> dict[str, Instruction]:
    """Return the instructions without those that were written from other words than stand in their mails now."""
    questions = {each.message_id: digest(each, answered(each)) for each in emails if each.message_id in known}
    return {name: each for name, each in known.items() if each.asked in ("", questions.get(name, each.asked))}


def _write_all(
    questions: Iterable[Question], scribe: Scribe, tally: "_Tally", concurrency: int, store: Callable[[], None]
) -> None:
    with closing(answers(scribe, questions, width=concurrency, tick_s=STORED_AFTER_S)) as coming:
        stored_at = time.monotonic()
        for written in coming:
            if written:
                tally.take(written)
            if time.monotonic() - stored_at >= STORED_AFTER_S:
                store()
                stored_at = time.monotonic()


class _Tally:
    """What a run has brought so far: it adds to `found`."""

    def __init__(self, found: dict[str, Instruction], total: int) -> None:
        self.faults: Counter[str] = Counter()
        self.dropped: dict[str, str] = {}
        self.unstored: list[Instruction] = []
        """What came and is to be stored; mails that the engine gave no answer for are not among them."""
        self._found = found
        self._missing = total - len(found)
        self._began_at = time.monotonic()
        self._calls = self._mails = self._refused = 0

    def take(self, written: Written) -> None:
        """Count what came. Raises what the engine said when it has refused mail after mail."""
        instruction = written.instruction
        self._found[instruction.message_id] = instruction
        self._calls += written.calls
        self._mails += 1
        self.faults.update(answer.fault for answer in written.failed)
        if instruction.source == "extract":
            self.dropped[instruction.message_id] = written.failed[-1].fault
        self._refused = self._refused + 1 if written.refusal else 0
        if written.refusal is None:
            self.unstored.append(instruction)
        elif self._refused == REFUSED_IN_A_ROW:
            raise written.refusal

    def pace(self, *, is_waiting: bool) -> str:
        """Say how fast it goes, and how long it will take."""
        if is_waiting:
            return "waiting for the engine"
        seconds = max(time.monotonic() - self._began_at, 1e-3)
        left_s = seconds * (self._missing - self._mails) / max(self._mails, 1)
        return f"{self._calls / seconds:.1f} calls/s, {timedelta(seconds=round(left_s))} left"


def _extracts(found: Mapping[str, Instruction], faults: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of mails with an extract, and why they have it."""
    return {name: faults.get(name, EARLIER) for name, each in found.items() if each.source == "extract"}


def _by_language(emails: Iterable[Email], found: Mapping[str, Instruction]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for email in emails:
        counts.setdefault(email.language, Counter())[found[email.message_id].source] += 1
    return {language: dict(of) for language, of in sorted(counts.items(), key=lambda item: -item[1].total())}
