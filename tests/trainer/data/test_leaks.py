"""No prompt tells what its model is to find by itself, in mailboxes of every shape."""

import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from connectors.archive import Archive
from connectors.instruction import Instruction
from connectors.message import Email
from connectors.train_settings import TrainSettings
from retrieval.prompt import Request, Source
from retrieval.tokens import counter_for
from tests.trainer.data.mailboxes import LETTERS, Letter, fill, text_of
from tests.trainer.mails import ANA
from trainer.data.examples import Author, Examples, Writing, make_examples, make_measures
from trainer.data.judging import make_judges, newest_of
from trainer.data.source import ArchiveSource, SentMail
from trainer.data.split import Split, split
from trainer.training.model import load_tokenizer

OPEN_HANDED = TrainSettings(retrieval_probability=1, retrieval_count=20, thread_messages=4, drop_instruction=0.3)
EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "20"))
EVERY_SHAPE = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class All:
    """Finds all that it may: every mail learned from that is older and not excluded."""

    def __init__(self, mails: Sequence[SentMail]) -> None:
        self.emails = [mail.email for mail in mails]

    def find(
        self, request: Request, *, before: datetime | None = None, exclude: Collection[str] = ()
    ) -> tuple[Source, ...]:
        """Return them, as the index does."""
        assert request.account == "ana"
        return tuple(
            Source(
                message_id=each.message_id, subject=each.subject, recipients=each.to, sent_at=each.sent_at,
                text=each.text, score=0.5,
            )
            for each in self.emails
            if before and each.sent_at and each.sent_at < before and each.message_id not in exclude
        )  # fmt: skip


@pytest.fixture(scope="module")
def writing(tiny: Path) -> Writing:
    """A model that reads any prompt whole."""
    return Writing(
        tokenizer=load_tokenizer(str(tiny)), count=counter_for(str(tiny)), prompt_budget=90_000, max_tokens=99_000
    )  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """One archive for all mailboxes."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('leaks') / 'cyrano.db'}") as opened:
        yield opened


def learned_and_held_out(archive: Archive, writing: Writing) -> tuple[Split, Examples, Examples]:
    """Make examples of all of Ana's mail."""
    source = ArchiveSource(archive, "ana")
    parts = split(source.choose(1000).mails, 0.3, validation=0.1)
    asked = {
        mail.email.message_id: Instruction(message_id=mail.email.message_id, text="Write.", source="given")
        for mail in parts.learned + parts.validation + parts.held_out
    }
    author = Author(account="ana", owner=source.owner, instructions=asked)
    learned = make_examples(
        parts.learned, author, writing, OPEN_HANDED, All(parts.learned), report=lambda _done, _total, _note: None
    )  # fmt: skip
    return parts, learned, make_measures(parts.held_out, author, writing, thread_messages=4)


def shown(examples: Examples) -> Iterator[tuple[str, str]]:
    """Yield the id and the prompt of each example."""
    for made in examples.made:
        yield made.example.message_id, "\n".join(message["content"] for message in made.messages)


def numbers(emails: Sequence[Email], prompt: str) -> set[int]:
    """Return which mails a prompt shows."""
    return {number for number in range(len(emails)) if text_of(number) in prompt}


@EVERY_SHAPE
@given(letters=LETTERS)
def test_no_prompt_shows_its_target_or_anything_newer(
    archive: Archive, writing: Writing, letters: list[Letter]
) -> None:
    """Not by its thread, not by what is retrieved; nor what its owner took out."""
    emails = fill(archive, letters)
    _, learned, held_out = learned_and_held_out(archive, writing)
    for message_id, prompt in (*shown(learned), *shown(held_out)):
        target = int(message_id[1:])
        sent_at = emails[target].sent_at
        for number in numbers(emails, prompt):
            earlier = emails[number].sent_at
            assert number != target
            assert earlier
            assert sent_at
            assert earlier < sent_at
            assert not letters[number].is_excluded


@EVERY_SHAPE
@given(letters=LETTERS)
def test_no_prompt_shows_the_other_side(archive: Archive, writing: Writing, letters: list[Letter]) -> None:
    """What is learned from shows nothing held out, and what is held out nothing that is learned from."""
    emails = fill(archive, letters)
    parts, learned, held_out = learned_and_held_out(archive, writing)
    learned_from, choosing, judging = (
        {int(mail.email.message_id[1:]) for mail in side} for side in (parts.learned, parts.validation, parts.held_out)
    )
    for _, prompt in shown(learned):
        assert not numbers(emails, prompt) & (choosing | judging)
    for _, prompt in shown(held_out):
        assert not numbers(emails, prompt) & (learned_from | choosing)


@EVERY_SHAPE
@given(letters=LETTERS)
def test_what_judges_is_shown_only_older_mail_that_was_learned(
    archive: Archive, writing: Writing, letters: list[Letter]
) -> None:
    """Every mail that judges is newer than all that are known; what is retrieved for it is of the learned side."""
    emails = fill(archive, letters)
    parts, _, _ = learned_and_held_out(archive, writing)
    author = Author(account="ana", owner=ANA, instructions={})
    judges = make_judges(
        parts.held_out, parts.learned + parts.validation, author, writing, All(parts.learned), thread_messages=4
    )  # fmt: skip
    learned_from = {int(mail.email.message_id[1:]) for mail in parts.learned}
    newest = newest_of(parts.learned + parts.validation)
    for judge in judges:
        target = int(judge.message_id[1:])
        sent_at = emails[target].sent_at
        assert sent_at
        assert newest is None or sent_at > newest
        retrieved = numbers(emails, judge.helped_shown) - numbers(emails, judge.plain_shown)
        assert retrieved == learned_from - numbers(emails, judge.plain_shown) - undated(emails)
        assert target not in numbers(emails, judge.helped_shown)


def undated(emails: Sequence[Email]) -> set[int]:
    """Return the mails without a date, which nothing shows."""
    return {number for number, email in enumerate(emails) if email.sent_at is None}


def letter(day: int, answers: int | None = None, *, is_received: bool = False) -> Letter:
    """Return a plain letter."""
    return Letter(
        day=day, answers=answers, has_references=False, is_reply=answers is not None, is_quoting=False,
        is_received=is_received, is_kept=True, is_excluded=False,
    )  # fmt: skip


def test_prompts_do_show_what_they_may(archive: Archive, writing: Writing) -> None:
    """The tests above can fail: threads and retrieved mail are there."""
    thread = [letter(2, is_received=True), letter(3, 2), letter(4, 3, is_received=True), letter(5, 4)]
    emails = fill(archive, [letter(0), letter(1), *thread, *(letter(day) for day in range(9, 13))])
    parts, learned, _ = learned_and_held_out(archive, writing)
    prompts = {message_id: numbers(emails, prompt) for message_id, prompt in shown(learned)}
    assert {mail.email.message_id for mail in parts.held_out} == {"m8", "m9"}
    assert {mail.email.message_id for mail in parts.validation} == {"m6", "m7"}
    assert prompts == {"m0": set(), "m1": {0}, "m3": {0, 1, 2}, "m5": {0, 1, 2, 3, 4}}


def test_a_thread_that_only_a_received_mail_joins_stays_whole(archive: Archive, writing: Writing) -> None:
    """Else the held-out half would show the half that was learned."""
    fill(archive, [letter(0), letter(1, 0, is_received=True), letter(12, 1), *(letter(day) for day in range(2, 9))])
    parts, _, _ = learned_and_held_out(archive, writing)
    held_out = {mail.email.message_id for mail in parts.held_out}
    assert {"m0", "m2"} <= held_out or not {"m0", "m2"} & held_out
