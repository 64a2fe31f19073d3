"""A pair is one prompt with two endings: what was sent, and what had been drafted."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.instruction import Instruction
from connectors.message import ThreadMessage
from retrieval.tokens import counter_for
from tests.trainer.mails import ANA, BEN, mail
from trainer.data.examples import Author, Writing
from trainer.data.pairs import THE_SAME, TOO_LONG, make_pairs
from trainer.data.source import Draft, SentMail
from trainer.training.model import load_tokenizer

MESSAGE = ThreadMessage(sender=BEN, text="When do you come?")
PLAYED_BACK = Instruction(message_id="m2@Ana Sá", text="Ask Ben for the report", source="model")
AUTHOR = Author(account="ana", owner=ANA, instructions={PLAYED_BACK.message_id: PLAYED_BACK})


@pytest.fixture(scope="module")
def writing(tiny: Path) -> Writing:
    """The tiny model's way of reading."""
    return Writing(
        tokenizer=load_tokenizer(str(tiny)), count=counter_for(str(tiny)), prompt_budget=700, max_tokens=400
    )  # fmt: skip


def sent(draft: str, *, instruction: str = "", thread: tuple[ThreadMessage, ...] = (MESSAGE,)) -> SentMail:
    """Return a mail that was sent in place of a draft."""
    return SentMail(
        email=mail(2, answers="q"), conversation="c", thread=thread, draft=Draft(text=draft, instruction=instruction)
    )


def prompts(given: SentMail, writing: Writing) -> tuple[str, str, str, str]:
    """Return the prompt and the reply of what was chosen, then of what was rejected."""
    (pair,) = make_pairs([given], AUTHOR, writing, thread_messages=2).pairs
    assert pair.message_id == pair.chosen.message_id == pair.rejected.message_id == "m2@Ana Sá"
    texts = []
    for example in (pair.chosen, pair.rejected):
        texts.append(writing.tokenizer.decode(list(example.tokens[: example.prompt_tokens])))
        texts.append(writing.tokenizer.decode(list(example.tokens[example.prompt_tokens :])))
    return texts[0], texts[1], texts[2], texts[3]


def test_both_replies_stand_behind_the_same_prompt(writing: Writing) -> None:
    """What was sent is chosen, what was drafted rejected."""
    asked, chosen, again, rejected = prompts(sent("Dear Ben, on Monday."), writing)
    assert asked == again
    assert chosen == mail(2).text + "</s>"
    assert rejected == "Dear Ben, on Monday.</s>"


def test_the_request_is_the_one_that_the_draft_had(writing: Writing) -> None:
    """Its own instruction; from a thread alone, none; what was played back only where there is neither."""
    assert "Instruction: Say Monday" in prompts(sent("On Monday.", instruction="Say Monday"), writing)[0]
    alone = prompts(sent("On Monday."), writing)[0]
    assert "When do you come?" in alone
    assert "Instruction: Answer the last message." in alone
    assert "Instruction: Ask Ben for the report" in prompts(sent("On Monday.", thread=()), writing)[0]


def test_what_teaches_nothing_is_left_out_and_counted(writing: Writing) -> None:
    """A draft that is what was sent, or too long; mail without a draft is not counted."""
    plain = replace(sent(""), draft=None)
    made = make_pairs([plain, sent(mail(2).text), sent("word " * 400)], AUTHOR, writing, thread_messages=2)
    assert made.pairs == []
    assert made.dropped == {THE_SAME: 1, TOO_LONG: 1}
