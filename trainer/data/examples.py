"""Examples: what a draft would have been asked from, and the mail that was really written.

The rules this module keeps:
1. The prompt is that of `retrieval.prompt`, from a request as serving makes it.
2. What is learned is `Email.text`, which holds neither quotes nor the signature, and nothing else.
3. A prompt shows only mail older than its target, and none of its thread.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from connectors.archive import Instruction
from connectors.errors import PromptTooLong
from connectors.message import Address, Email, Kind, ThreadMessage
from connectors.train_settings import TrainSettings
from retrieval.prompt import ChatMessage, Request, Source, build_prompt
from trainer.data.packing import Example
from trainer.data.split import threads

logger = logging.getLogger(__name__)


class Finder(Protocol):
    """What finds mail for a prompt: `retrieval.rank.Retriever`."""

    def find(
        self, request: Request, *, before: datetime | None = None, exclude: Collection[str] = ()
    ) -> tuple[Source, ...]:
        """Return the nearest mails, sent before a time and not among some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Whose mail the examples are made of, and what was asked of them."""

    account: str
    owner: Address
    instructions: Mapping[str, Instruction]
    parents: Mapping[str, Email] = field(default_factory=dict)
    """The mails they answered, as far as those are archived, by id."""

    def answered(self, email: Email) -> ThreadMessage | None:
        """Return what a reply answers: what it quotes, else the mail itself."""
        if email.kind is not Kind.REPLY:
            return None
        if email.quoted and email.to:
            return ThreadMessage(sender=email.to[0], text=email.quoted)
        parent = self.parents.get(email.in_reply_to)
        if parent is None or not parent.text:
            return None
        return ThreadMessage(sender=parent.sender, text=parent.text, sent_at=parent.sent_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a prompt becomes tokens: as when drafting, and at most `max_tokens` together with the reply."""

    tokenizer: PreTrainedTokenizerBase
    count: Callable[[str], int]
    prompt_budget: int
    max_tokens: int


@dataclass(slots=True, kw_only=True)
class Examples:
    """The examples, and why some mails gave none."""

    examples: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    with_sources: int = 0


def request_for(email: Email, author: Author, *, is_instructed: bool = True) -> Request:
    """Return the request that the mail would have answered."""
    answered = author.answered(email)
    thread = (answered,) if answered else ()
    instruction = author.instructions.get(email.message_id)
    return Request(
        account=author.account,
        owner=author.owner,
        instruction=instruction.text if instruction and (is_instructed or not thread) else "",
        subject=email.subject,
        recipients=email.to,
        thread=thread,
        language=email.language,
    )


def make_examples(
    emails: Sequence[Email],
    author: Author,
    writing: Writing,
    settings: TrainSettings,
    finder: Finder,
    *,
    report: Callable[[int, int, str], None],
) -> Examples:
    """Make the examples to learn from: some with retrieved mail, some replies without their instruction."""
    made = Examples()
    kin = {email.message_id: [each.message_id for each in thread] for thread in threads(emails) for email in thread}
    for number, email in enumerate(emails, 1):
        # One die per mail: what one example is does not depend on which others there are.
        dice = random.Random(f"{settings.seed} {email.message_id}")  # noqa: S311  not secrets
        request = request_for(email, author, is_instructed=dice.random() >= settings.drop_instruction)
        sources: Sequence[Source] = ()
        if dice.random() < settings.retrieval_probability and email.sent_at:
            found = finder.find(request, before=email.sent_at, exclude=kin[email.message_id])
            sources = found[: settings.retrieval_count]
        _add(made, email, request, sources, writing)
        report(number, len(emails), "")
    return made


def make_measures(emails: Sequence[Email], author: Author, writing: Writing) -> Examples:
    """Make the examples to measure by: all with their instruction, none with retrieved mail."""
    made = Examples()
    for email in emails:
        _add(made, email, request_for(email, author), (), writing)
    return made


def tokenise(
    messages: Sequence[ChatMessage], reply: str, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[int]]:
    """Return the tokens of a chat, up to where the answer begins, and those of the answer with its end mark."""
    # As vLLM does it: first the text, then tokens, adding none to those of the template.
    text = tokenizer.apply_chat_template(_plain(messages), add_generation_prompt=True, tokenize=False)
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    answer = tokenizer(reply, add_special_tokens=False)["input_ids"]
    return prompt, [*answer, tokenizer.eos_token_id]


def _plain(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _add(made: Examples, email: Email, request: Request, sources: Sequence[Source], writing: Writing) -> None:
    if not email.text:
        made.dropped["empty"] += 1
        return
    example = _fit(email, request, sources, writing)
    if example is None and sources:
        sources = ()
        example = _fit(email, request, sources, writing)
    if example is None:
        made.dropped["too long"] += 1
        return
    made.examples.append(example)
    made.with_sources += bool(sources)


def _fit(email: Email, request: Request, sources: Sequence[Source], writing: Writing) -> Example | None:
    """Return the example, or None where it is too long."""
    try:
        prompt = build_prompt(request, sources, budget=writing.prompt_budget, count=writing.count)
    except PromptTooLong:
        return None
    asked, answer = tokenise(prompt.messages, email.text, writing.tokenizer)
    if len(asked) + len(answer) > writing.max_tokens:
        return None
    return Example(
        message_id=email.message_id,
        tokens=(*asked, *answer),
        prompt_tokens=len(asked),
        reply_bytes=len(email.text.encode()),
    )
