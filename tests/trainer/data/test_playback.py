"""Playback asks once, keeps what came, tells what it dropped, and never stops at a bad answer."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.instruction import Instruction
from connectors.llm import Sampling
from connectors.message import Email, ThreadMessage
from tests.trainer.mails import ANA, BEN, mails
from trainer.data.instruction import PLAYBACK_VERSION
from trainer.data.playback import REFUSED_IN_A_ROW, Playback, play_back
from trainer.data.scribe import TEMPERATURES

GOOD = "Ask Eve kindly to check it until the end of the week."


class Clerk:
    """A model server that answers from a list, again and again, and fails when told to."""

    def __init__(self, answers: Sequence[str] = (GOOD,), *, dies_after: int = 10**9) -> None:
        self.answers, self.dies_after = answers, dies_after
        self.asked: list[tuple[str, int]] = []
        """What was shown, and how often its mail was asked about before."""
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Answer by how daring it is to be, so that a retry gets the next answer."""
        tries = TEMPERATURES.index(sampling.temperature)
        if model != "tiny":
            raise ModelMissing(model)
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.asked.append((str(messages[-1]["content"]), tries))
            number = len(self.asked)
        try:
            if number > self.dies_after:
                raise EngineDown("gone", retry_after_s=0)
            answer = self.answers[tries % len(self.answers)]
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
        assert (account, prompt_version, model) == ("ana", PLAYBACK_VERSION, "tiny")
        return dict(self.kept)

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep them."""
        assert (account, prompt_version, model) == ("ana", PLAYBACK_VERSION, "tiny")
        self.kept |= {each.message_id: each for each in instructions}


def play(emails: Sequence[Email], shelf: Shelf, clerk: Clerk | None, *, patience_s: float = 0) -> Playback:
    """Play back for Ana, three at once."""
    return play_back(
        emails, shelf, "ana", writer=clerk, model="tiny", concurrency=3, patience_s=patience_s,
        report=lambda _done, _total, _note: None,
    )  # fmt: skip


def test_every_mail_gets_an_instruction_once() -> None:
    """All mails are asked about, a second time none."""
    shelf, clerk = Shelf(), Clerk()
    assert play(mails(40), shelf, clerk).sources == {"model": 40}
    assert play(mails(40), shelf, clerk).sources == {"model": 40}
    assert len(clerk.asked) == 40
    assert clerk.most_at_once <= 3


def test_a_mail_that_reads_otherwise_now_is_asked_about_again() -> None:
    """Cleaned anew, it gets a new instruction; one that a person gave stays."""
    shelf, clerk = Shelf(Instruction(message_id="m0@Ana Sá", text="Do as I say, please.", source="given")), Clerk()
    play(mails(6), shelf, clerk)
    changed = [replace(each, text=f"{each.text}\nPS: and the other one") for each in mails(6)[:2]] + mails(6)[2:]
    assert play(changed, shelf, clerk).sources == {"given": 1, "model": 5}
    assert len(clerk.asked) == 5 + 1


@given(st.integers(1, 39))
def test_what_was_written_before_the_engine_went_away_is_kept(dies_after: int) -> None:
    """After a failure only the rest is asked for: what was under way, and no more, is lost."""
    shelf = Shelf()
    with pytest.raises(EngineDown):
        play(mails(40), shelf, Clerk(dies_after=dies_after))
    kept = len(shelf.kept)
    assert dies_after - 2 * 3 <= kept <= dies_after
    second = Clerk()
    play(mails(40), shelf, second)
    assert len(second.asked) == 40 - kept


def test_an_engine_that_comes_back_is_waited_for() -> None:
    """A restart in the middle costs no mail its instruction."""
    clerk = Clerk(dies_after=10)
    threading.Timer(0.05, lambda: setattr(clerk, "dies_after", 10**9)).start()
    assert play(mails(20), Shelf(), clerk, patience_s=30).sources == {"model": 20}


def test_a_model_the_engine_does_not_know_ends_the_run() -> None:
    """No extract hides a wrong name."""
    with pytest.raises(ModelMissing):
        play_back(
            mails(3), Shelf(), "ana", writer=_Unknowing(), model="tiny", concurrency=2,
            report=lambda _done, _total, _note: None,
        )  # fmt: skip


class _Unknowing:
    def complete(self, *_: object) -> str:
        raise ModelMissing("who?")


def test_a_bad_answer_is_asked_for_again() -> None:
    """The second answer is taken, and the fault of the first counted."""
    clerk = Clerk(["", GOOD])
    playback = play(mails(5), Shelf(), clerk)
    assert playback.sources == {"model": 5}
    assert (playback.faults, playback.dropped) == ({"empty": 5}, {})
    assert {tries for _, tries in clerk.asked} == {0, 1}


def test_after_the_last_try_the_mail_gets_an_extract() -> None:
    """Three faults lead to an extract, marked as such and kept, so that it is not asked for again."""
    shelf, clerk = Shelf(), Clerk(["no", "Sure! Here it is", "no"])
    playback = play(mails(4), shelf, clerk)
    assert playback.sources == {"extract": 4}
    assert playback.faults == {"empty": 8, "chatter": 4}
    assert playback.dropped == {email.message_id: "empty" for email in mails(4)}
    assert len(clerk.asked) == 12
    assert {each.source for each in shelf.kept.values()} == {"extract"}
    again = play(mails(4), shelf, clerk)
    assert set(again.dropped.values()) == {"in an earlier run"}
    assert len(clerk.asked) == 12


def test_a_refused_mail_does_not_stop_the_others() -> None:
    """An error about one question costs that mail its instruction, not the run, and is asked about again next time."""
    shelf = Shelf()
    playback = play(mails(3), shelf, Clerk(["refuse"]))
    assert playback.sources == {"extract": 3}
    assert playback.faults == {"refused": 9}
    assert set(playback.dropped.values()) == {"refused"}
    assert not shelf.kept
    assert play(mails(3), shelf, Clerk()).sources == {"model": 3}


def test_an_engine_that_refuses_everything_ends_the_run() -> None:
    """A wrong key must not turn a whole mailbox into extracts."""
    shelf, clerk = Shelf(), Clerk(["refuse"])
    with pytest.raises(EngineError, match="no"):
        play(mails(100), shelf, clerk)
    assert len(clerk.asked) <= 3 * (REFUSED_IN_A_ROW + 6)
    assert not shelf.kept


def test_without_an_engine_extracts_do_and_are_not_kept() -> None:
    """Given instructions are used, the rest are extracts that a later engine may replace."""
    shelf = Shelf(Instruction(message_id=mails(1)[0].message_id, text=GOOD, source="given"))
    playback = play(mails(6), shelf, None)
    assert playback.sources == {"given": 1, "extract": 5}
    assert len(shelf.kept) == 1


def test_given_instructions_are_not_asked_for() -> None:
    """What a person wrote wins."""
    clerk = Clerk()
    shelf = Shelf(Instruction(message_id=mails(1)[0].message_id, text="As I said.", source="given"))
    assert play(mails(2), shelf, clerk).instructions[mails(1)[0].message_id].text == "As I said."
    assert len(clerk.asked) == 1


def test_replies_are_asked_about_with_what_they_answer() -> None:
    """The message answered is looked up in the caller's thread, and shown."""
    clerk, threads = Clerk(), set()

    def answered(email: Email) -> ThreadMessage | None:
        threads.add(threading.current_thread())
        return ThreadMessage(sender=BEN, text="Where is it?") if email.in_reply_to else None

    play_back(
        mails(9), Shelf(), "ana", writer=clerk, model="tiny", concurrency=3, answered=answered,
        report=lambda _done, _total, _note: None,
    )  # fmt: skip
    assert sum("Where is it?" in shown for shown, _ in clerk.asked) == 3
    assert threads == {threading.current_thread()}


def test_the_report_tells_languages_apart() -> None:
    """How many instructions came from where, for each language, the most frequent first."""
    emails = [replace(email, language="sv" if number % 4 == 0 else "und") for number, email in enumerate(mails(8))]
    shelf = Shelf(Instruction(message_id=emails[0].message_id, text=GOOD, source="given"))
    playback = play(emails, shelf, Clerk())
    assert playback.by_language == {"und": {"model": 6}, "sv": {"given": 1, "extract": 1}}
    assert list(playback.by_language) == ["und", "sv"]
    assert playback.dropped == {emails[4].message_id: "other language"}


def test_progress_tells_the_pace() -> None:
    """The last thing said is that all is done, with calls a second and the time left."""
    said: list[tuple[int, int, str]] = []
    play_back(
        mails(9), Shelf(), "ana", writer=Clerk(), model="tiny", concurrency=3,
        report=lambda done, total, note: said.append((done, total, note)),
    )  # fmt: skip
    done, total, note = said[-1]
    assert (done, total) == (9, 9)
    assert note.endswith(" calls/s, 0:00:00 left")


PLAY = """
import os, signal, sys, time
from connectors.archive import Archive
from connectors.message import Address, Email
from trainer.data.playback import play_back

# Tests that run in the background ignore it, and hand that down.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Slow:
    def complete(self, model, messages, sampling):
        number = messages[-1]["content"].split("Mail ")[1].split(".")[0]
        os.write(1, f"{number}\\n".encode())
        time.sleep(float(sys.argv[2]))
        return "Ask Eve kindly to check it until the end of the week."

ana = Address(addr="ana@example.org")
mails = [Email(message_id=str(n), sender=ana, text=f"Mail {n}.", language="en") for n in range(400)]
with Archive.open(sys.argv[1]) as archive:
    play_back(mails, archive, "ana", writer=Slow(), model="tiny", concurrency=8, report=lambda *_: None)
"""


def _start(url: str, answer_s: float) -> "subprocess.Popen[str]":
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PLAY, url, str(answer_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root)


def _archive(folder: Path) -> str:
    url = f"sqlite:///{folder / 'cyrano.db'}"
    with Archive.open(url) as archive:
        archive.add_account(AccountRecord(name="ana", kind="mbox", owner=ANA, addresses=frozenset({ANA.addr})))
    return url


@pytest.mark.process
def test_after_a_kill_nothing_that_was_stored_is_asked_again(tmp_path: Path) -> None:
    """SIGKILL costs at most the second before it; the next run asks for the rest, and each mail ends with one."""
    url = _archive(tmp_path)
    kept: set[str] = set()
    for seconds in (1.5, 2.5):
        process = _start(url, 0.1)
        assert process.stdout
        asked = [process.stdout.readline().strip()]
        time.sleep(seconds)
        process.kill()
        asked += process.stdout.read().split()
        assert kept.isdisjoint(asked)
        with Archive.open(url) as archive:
            now = set(archive.instructions("ana", PLAYBACK_VERSION, "tiny"))
        assert now > kept
        # At 80 answers a second: what came in the second before, during a slow store, and was under way.
        assert len(set(asked) - now) <= 80 + 40 + 8
        kept = now
    process = _start(url, 0.0)
    asked = process.communicate(timeout=60)[0].split()
    assert sorted(asked, key=int) == sorted(map(str, set(range(400)) - set(map(int, kept))), key=int)
    with Archive.open(url) as archive:
        assert len(archive.instructions("ana", PLAYBACK_VERSION, "tiny")) == 400


@pytest.mark.process
def test_ctrl_c_waits_for_nothing_and_keeps_what_came(tmp_path: Path) -> None:
    """Whoever stops a run while the engine is slow gets the prompt back at once; what had come is stored."""
    url = _archive(tmp_path)
    process = _start(url, 0.4)
    assert process.stdout
    first = [process.stdout.readline() for _ in range(25)]
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.wait(20)
    assert time.monotonic() - began < 8  # unanswered it would go on for some 20
    assert process.returncode in {-signal.SIGINT, 128 + signal.SIGINT, 1}
    assert len(first) + len(process.stdout.read().split()) <= 40
    with Archive.open(url) as archive:
        assert len(archive.instructions("ana", PLAYBACK_VERSION, "tiny")) >= 16
