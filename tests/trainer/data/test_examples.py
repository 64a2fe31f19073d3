"""Examples show what serving shows, and teach only what the owner typed."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from connectors.instruction import Instruction
from connectors.message import Email, ThreadMessage
from connectors.train_settings import TrainSettings
from retrieval.prompt import Request, Source, build_prompt
from retrieval.tokens import counter_for
from tests.trainer.mails import ANA, mail, mails, sent
from trainer.data.examples import Author, Examples, Writing, make_examples, make_measures, request_for, tokenise
from trainer.training.model import load_tokenizer

ALWAYS = TrainSettings(retrieval_probability=1, retrieval_count=2, drop_instruction=0)


class Memory:
    """Finds every mail it may find, and remembers what it was asked."""

    def __init__(self, emails: Sequence[Email]) -> None:
        self.emails = emails
        self.asked: list[tuple[Request, datetime | None, Collection[str]]] = []

    def find(
        self, request: Request, *, before: datetime | None = None, exclude: Collection[str] = ()
    ) -> tuple[Source, ...]:
        """Return what is older and not excluded."""
        self.asked.append((request, before, exclude))
        return tuple(
            source(email)
            for email in self.emails
            if email.sent_at and before and email.sent_at < before and email.message_id not in exclude
        )


def source(email: Email) -> Source:
    """Return a mail as if it had been found."""
    return Source(
        message_id=email.message_id,
        subject=email.subject,
        recipients=email.to,
        sent_at=email.sent_at,
        text=email.text,
        score=0.5,
    )


@pytest.fixture(scope="module")
def writing(tiny: Path) -> Writing:
    """The tiny model's way of reading."""
    return Writing(
        tokenizer=load_tokenizer(str(tiny)), count=counter_for(str(tiny)), prompt_budget=700, max_tokens=1000
    )  # fmt: skip


def author(emails: Sequence[Email]) -> Author:
    """Ana, with an instruction for each mail."""
    given = [Instruction(message_id=e.message_id, text=f"Ask about {e.subject}", source="given") for e in emails]
    return Author(account="ana", owner=ANA, instructions={each.message_id: each for each in given})


def make(emails: Sequence[Email], writing: Writing, settings: TrainSettings, memory: Memory) -> Examples:
    """Make the examples of some mails."""
    return make_examples(
        sent(emails), author(emails), writing, settings, memory, report=lambda _done, _total, _note: None
    )  # fmt: skip


def test_the_prompt_is_what_serving_sends(writing: Writing) -> None:
    """The prompt's tokens are those of the chat that serving builds for the same request and sources."""
    emails = mails(6)
    made = make(emails, writing, ALWAYS, Memory(emails))
    target = emails[5]
    request = Request(
        account="ana",
        owner=ANA,
        instruction=f"Ask about {target.subject}",
        subject=target.subject,
        recipients=target.to,
        thread=(ThreadMessage(sender=target.to[0], text=target.quoted),),
        language="en",
    )
    sources = Memory(emails).find(request, before=target.sent_at)[:2]
    prompt = build_prompt(request, sources, budget=700, count=writing.count)
    rendered = writing.tokenizer.apply_chat_template(
        [dict(message) for message in prompt.messages], add_generation_prompt=True, tokenize=False
    )
    example = made.examples[5]
    assert writing.tokenizer.decode(list(example.tokens[: example.prompt_tokens])) == rendered


def test_only_what_was_typed_is_learned(writing: Writing) -> None:
    """The reply is the mail's text and the end mark: no quote, no signature."""
    for example, email in zip(make(mails(6), writing, ALWAYS, Memory([])).examples, mails(6), strict=True):
        reply = writing.tokenizer.decode(list(example.tokens[example.prompt_tokens :]))
        assert reply == email.text + "</s>"
        assert example.reply_bytes == len(email.text.encode())


def test_a_prompt_never_shows_its_target_its_thread_or_later_mail(writing: Writing) -> None:
    """The finder is asked for mail older than the target, without its thread; nothing else gets in."""
    emails = [*mails(5), mail(5, answers="m1@Ana Sá"), mail(6)]
    memory = Memory(emails)
    made = make(emails, writing, ALWAYS, memory)
    for (_, before, exclude), email in zip(memory.asked, emails, strict=True):
        assert before == email.sent_at
        assert email.message_id in exclude
    assert set(memory.asked[5][2]) == {"m1@Ana Sá", "m5@Ana Sá"}
    for example, email in zip(made.examples, emails, strict=True):
        shown = writing.tokenizer.decode(list(example.tokens[: example.prompt_tokens]))
        assert email.text not in shown


def test_some_examples_show_mail_and_some_do_not(writing: Writing) -> None:
    """The share of examples with retrieved mail follows the setting."""
    emails = mails(60)
    made = make(emails, writing, TrainSettings(retrieval_probability=0.5), Memory(emails[:1]))
    assert 15 <= made.with_sources <= 45
    assert make(emails, writing, TrainSettings(retrieval_probability=0), Memory(emails)).with_sources == 0


def test_only_replies_lose_their_instruction(writing: Writing) -> None:
    """A reply can be learned from its thread alone; a new mail without instruction would be a riddle."""
    emails = mails(9)
    settings = TrainSettings(retrieval_probability=0, drop_instruction=1)
    for example, email in zip(make(emails, writing, settings, Memory([])).examples, emails, strict=True):
        shown = writing.tokenizer.decode(list(example.tokens[: example.prompt_tokens]))
        assert ("Ask about" in shown) == (not email.quoted)


def test_what_does_not_fit_is_left_out_and_counted(writing: Writing) -> None:
    """Sources go first; a mail too long even alone is dropped and counted."""
    emails = [*mails(4), mail(4, text="word " * 1200)]
    made = make(emails, writing, ALWAYS, Memory([mail(0, text="long " * 100)]))
    assert made.dropped == {"too long": 1}
    assert len(made.examples) == 4


def test_examples_do_not_depend_on_their_neighbours(writing: Writing) -> None:
    """A mail gives the same example whichever others are there, so a run can be repeated after a sync."""
    settings = TrainSettings()
    all_of_them = make(mails(9), writing, settings, Memory([])).examples
    assert make(mails(9)[4:], writing, settings, Memory([])).examples == all_of_them[4:]


def test_measures_are_all_instructed_and_without_sources(writing: Writing) -> None:
    """What is measured does not depend on dice."""
    made = make_measures(sent(mails(6)), author(mails(6)), writing, thread_messages=2)
    assert made.with_sources == 0
    for example in made.examples:
        assert "Ask about" in writing.tokenizer.decode(list(example.tokens[: example.prompt_tokens]))


def test_a_mail_that_says_the_same_is_not_shown(writing: Writing) -> None:
    """A text that was sent before, word for word, would only be copied."""
    emails = [mail(0, text="Thanks, I shall look at it."), mail(1, text="thanks,  I shall look at it."), mail(2)]
    made = make(emails, writing, ALWAYS, Memory(emails))
    assert [each.source_ids for each in made.made] == [(), (), ("m0@Ana Sá", "m1@Ana Sá")]


def test_a_prompt_shows_the_last_messages_of_its_thread(writing: Writing) -> None:
    """As many as the settings say, the answered one last."""
    (reply,) = sent([mail(5, answers="q")])
    thread = tuple(ThreadMessage(sender=ANA, text=f"message {number}") for number in range(4))
    long = replace(reply, thread=thread)
    assert request_for(long, author([]), thread_messages=2).thread == thread[2:]
    assert request_for(long, author([]), thread_messages=9).thread == thread
    made = make_measures([long], author([]), writing, thread_messages=3)
    shown = made.made[0].messages[1]["content"]
    assert "message 0" not in shown
    assert shown.index("message 1") < shown.index("message 2") < shown.index("message 3")


def test_an_example_says_what_it_was_made_of(writing: Writing) -> None:
    """Its prompt, its reply, the mail it shows, and whether it shows the instruction."""
    emails = mails(4)
    made = make(emails, writing, ALWAYS, Memory(emails[:1])).made[3]
    assert made.reply == emails[3].text
    assert made.source_ids == ("m0@Ana Sá",)
    assert made.is_instructed
    asked, answer = tokenise(made.messages, made.reply, writing.tokenizer)
    assert (*asked, *answer) == made.example.tokens


def test_the_answer_ends_with_the_end_mark(writing: Writing) -> None:
    """Without it a model would never stop."""
    prompt, answer = tokenise([{"role": "user", "content": "Hi"}], "Hello", writing.tokenizer)
    assert answer[-1] == writing.tokenizer.eos_token_id
    assert writing.tokenizer.decode(prompt).endswith("<|assistant|>")
