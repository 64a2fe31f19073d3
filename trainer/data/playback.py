"""Playback: for each mail the instruction that would have led to it, written by the engine and kept in the archive.

The rules this module keeps:
1. What was written is stored as it comes, so that a run that was stopped asks only for the rest.
2. An answer with a fault is asked for again; after the last try the mail gets an extract, marked and counted as such.
3. Instructions given by a person win, and are never asked for.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Protocol

from connectors.archive import Instruction
from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.llm import Sampling
from connectors.message import Email
from trainer.data.instruction import PLAYBACK_VERSION, ask, extract, find_fault, tidy

logger = logging.getLogger(__name__)

TRIES = 3
STORED_TOGETHER = 16


class Writer(Protocol):
    """What answers a chat: `connectors.llm.ModelServer`."""

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat."""


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

    @property
    def sources(self) -> dict[str, int]:
        """How many instructions came from where."""
        return dict(Counter(each.source for each in self.instructions.values()))


def play_back(
    emails: Sequence[Email],
    cache: Cache,
    account: str,
    *,
    writer: Writer | None,
    model: str,
    concurrency: int,
    report: Callable[[int, int, str], None],
) -> Playback:
    """Return an instruction for each mail; without a `writer`, mails that have none yet get an extract.

    Raises:
        EngineDown: the engine went away; what it wrote until then is stored.
        ModelMissing: it does not know `model`.
    """
    known = cache.instructions(account, PLAYBACK_VERSION, model)
    found = {email.message_id: known[email.message_id] for email in emails if email.message_id in known}
    missing = [email for email in emails if email.message_id not in found]
    faults: Counter[str] = Counter()
    if writer is None:
        fresh = [_extract(email) for email in missing]
        return Playback(instructions=found | {each.message_id: each for each in fresh}, faults={})

    def store(instructions: Sequence[Instruction]) -> None:
        cache.store_instructions(account, PLAYBACK_VERSION, model, instructions)

    waiting: list[Instruction] = []
    try:
        for instruction, own_faults in _ask_all(missing, writer, model, concurrency):
            faults.update(own_faults)
            found[instruction.message_id] = instruction
            waiting.append(instruction)
            if len(waiting) == STORED_TOGETHER:
                store(waiting)
                waiting = []
            report(len(found), len(emails), "")
    finally:
        store(waiting)
    return Playback(instructions=found, faults=dict(faults))


def _ask_all(
    emails: Sequence[Email], writer: Writer, model: str, concurrency: int
) -> Iterator[tuple[Instruction, list[str]]]:
    """Yield instructions as they come, with the faults of the answers before them; `concurrency` are under way."""
    with ThreadPoolExecutor(concurrency) as pool:
        asked = [pool.submit(_ask_one, email, writer, model) for email in emails]
        try:
            for done in as_completed(asked):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _ask_one(email: Email, writer: Writer, model: str) -> tuple[Instruction, list[str]]:
    faults: list[str] = []
    for seed in range(TRIES):
        # A fault of a cautious answer is not cured by another cautious one.
        sampling = Sampling(temperature=0.3 + 0.3 * seed, max_tokens=120, seed=seed)
        try:
            answer = tidy(writer.complete(model, ask(email), sampling))
        except (EngineDown, ModelMissing):
            raise
        except EngineError as error:
            logger.info("No instruction for a mail of %d characters: %s", len(email.text), type(error).__name__)
            faults.append("refused")
            break
        fault = find_fault(answer, email)
        if not fault:
            return Instruction(message_id=email.message_id, text=answer, source="model"), faults
        faults.append(fault)
    return _extract(email), faults


def _extract(email: Email) -> Instruction:
    return Instruction(message_id=email.message_id, text=extract(email), source="extract")
