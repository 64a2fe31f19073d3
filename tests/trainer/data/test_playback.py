"""Playback asks once, keeps what came, and never stops at a bad answer."""

import threading
from collections.abc import Mapping, Sequence

import pytest

from connectors.archive import Instruction
from connectors.errors import EngineDown, EngineError
from connectors.llm import Sampling
from connectors.message import Email
from tests.trainer.mails import mails
from trainer.data.playback import Playback, play_back

GOOD = "Ask Eve kindly to check it until the end of the week."


class Scribe:
    """A model server that answers from a list, again and again, and fails when told to."""

    def __init__(self, answers: Sequence[str] = (GOOD,), *, dies_after: int = 10**9) -> None:
        self.answers, self.dies_after = answers, dies_after
        self.asked: list[tuple[str, int | None]] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Answer by seed, so that a retry gets the next answer."""
        assert model == "tiny"
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.asked.append((str(messages[-1]["content"]), sampling.seed))
            number = len(self.asked)
        try:
            if number > self.dies_after:
                raise EngineDown("gone")
            answer = self.answers[(sampling.seed or 0) % len(self.answers)]
            if answer == "refuse":
                raise EngineError("no")
            return answer
        finally:
            with self._lock:
                self.at_once -= 1


class Shelf:
    """A cache in memory."""

    def __init__(self, *known: Instruction) -> None:
        self.kept = {each.message_id: each for each in known}

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return everything."""
        assert (account, prompt_version != "", model) == ("ana", True, "tiny")
        return dict(self.kept)

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep them."""
        assert (account, prompt_version != "", model) == ("ana", True, "tiny")
        self.kept |= {each.message_id: each for each in instructions}


def play(emails: Sequence[Email], shelf: Shelf, scribe: Scribe | None) -> Playback:
    """Play back for Ana, three at once."""
    return play_back(
        emails, shelf, "ana", writer=scribe, model="tiny", concurrency=3, report=lambda _done, _total, _note: None
    )  # fmt: skip


def test_every_mail_gets_an_instruction_once() -> None:
    """All mails are asked about, a second time none."""
    shelf, scribe = Shelf(), Scribe()
    assert play(mails(40), shelf, scribe).sources == {"model": 40}
    assert play(mails(40), shelf, scribe).sources == {"model": 40}
    assert len(scribe.asked) == 40
    assert scribe.most_at_once <= 3


def test_what_was_written_before_the_engine_went_away_is_kept() -> None:
    """After a failure only the rest is asked for."""
    shelf = Shelf()
    with pytest.raises(EngineDown):
        play(mails(40), shelf, Scribe(dies_after=20))
    kept = len(shelf.kept)
    assert 17 <= kept <= 20
    second = Scribe()
    play(mails(40), shelf, second)
    assert len(second.asked) == 40 - kept


def test_a_bad_answer_is_asked_for_again_with_another_seed() -> None:
    """The second answer is taken, and the fault of the first counted."""
    scribe = Scribe(["", GOOD])
    playback = play(mails(5), Shelf(), scribe)
    assert playback.sources == {"model": 5}
    assert playback.faults == {"empty": 5}
    assert {seed for _, seed in scribe.asked} == {0, 1}


def test_after_the_last_try_the_mail_gets_an_extract() -> None:
    """Three faults lead to an extract, marked as such and kept, so that it is not asked for again."""
    shelf, scribe = Shelf(), Scribe(["no"])
    playback = play(mails(4), shelf, scribe)
    assert playback.sources == {"extract": 4}
    assert len(scribe.asked) == 12
    assert {each.source for each in shelf.kept.values()} == {"extract"}


def test_a_refused_mail_does_not_stop_the_others() -> None:
    """An error about one question costs that mail its instruction, not the run."""
    playback = play(mails(3), Shelf(), Scribe(["refuse"]))
    assert playback.sources == {"extract": 3}
    assert playback.faults == {"refused": 3}


def test_without_an_engine_extracts_do_and_are_not_kept() -> None:
    """Given instructions are used, the rest are extracts that a later engine may replace."""
    shelf = Shelf(Instruction(message_id=mails(1)[0].message_id, text=GOOD, source="given"))
    playback = play(mails(6), shelf, None)
    assert playback.sources == {"given": 1, "extract": 5}
    assert len(shelf.kept) == 1


def test_given_instructions_are_not_asked_for() -> None:
    """What a person wrote wins."""
    scribe = Scribe()
    shelf = Shelf(Instruction(message_id=mails(1)[0].message_id, text="As I said.", source="given"))
    assert play(mails(2), shelf, scribe).instructions[mails(1)[0].message_id].text == "As I said."
    assert len(scribe.asked) == 1
