"""Examples: what a draft would have been asked from, and the mail that was really written.

The rules this module keeps:
1. The prompt is that of `retrieval.prompt`, from a request as serving makes it.
2. What is learned is `Email.text`, which holds neither quotes nor the signature, and nothing else.
3. Mail is retrieved only if it is older than the target, of another thread, and says something else.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from connectors.cleaning.keep import text_hash
from connectors.errors import PromptTooLong
from connectors.instruction import Instruction
from connectors.message import Address, Email
from connectors.train_settings import TrainSettings
from retrieval.prompt import ChatMessage, Request, Source, build_prompt
from trainer.data.packing import Example
from trainer.data.source import EMPTY, SentMail
from trainer.data.split import threads

TOO_LONG = "too long"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a prompt becomes tokens: as when drafting, and at most `max_tokens` together with the reply."""

    tokenizer: PreTrainedTokenizerBase
    count: Callable[[str], int]
    prompt_budget: int
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An example, and what it was made of."""

    example: Example
    messages: tuple[ChatMessage, ...]
    reply: str
    source_ids: tuple[str, ...]
    """The retrieved mails that the prompt shows."""
    is_instructed: bool
    """Whether the prompt shows the instruction."""


@dataclass(slots=True, kw_only=True)
class Examples:
    """The examples, and why some mails gave none."""

    made: list[Made] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a mail gave no example, by Message-ID."""

    @property
    def examples(self) -> list[Example]:
        """The examples alone."""
        return [each.example for each in self.made]

    @property
    def dropped(self) -> Counter[str]:
        """How many mails gave none, by reason."""
        return Counter(self.reasons.values())

    @property
    def with_sources(self) -> int:
        """How many examples show retrieved mail."""
        return sum(bool(each.source_ids) for each in self.made)


def request_for(mail: SentMail, author: Author, *, thread_messages: int, is_instructed: bool = True) -> Request:
    """Return the request that the mail would have answered."""
    thread = mail.thread[-thread_messages:]
    instruction = author.instructions.get(mail.email.message_id)
    return Request(
        account=author.account,
        owner=author.owner,
        instruction=instruction.text if instruction and (is_instructed or not thread) else "",
        subject=mail.email.subject,
        recipients=mail.email.to,
        thread=thread,
        language=mail.email.language,
    )


def make_examples(
    mails: Sequence[SentMail],
    author: Author,
    writing: Writing,
    settings: TrainSettings,
    finder: Finder,
    *,
    report: Callable[[int, int, str], None],
) -> Examples:
    """Make the examples to learn from: some with retrieved mail, some replies without their instruction."""
    made = Examples()
    kin = {
        mail.conversation: [each.email.message_id for each in thread] for thread in threads(mails) for mail in thread
    }
    for number, mail in enumerate(mails, 1):
        # One die per mail: what one example is does not depend on which others there are.
        dice = random.Random(f"{settings.seed} {mail.email.message_id}")  # noqa: S311  not secrets
        is_instructed = dice.random() >= settings.drop_instruction
        request = request_for(
            mail, author, thread_messages=settings.thread_messages, is_instructed=is_instructed
        )  # fmt: skip
        sources: Sequence[Source] = ()
        if settings.retrieval_count and dice.random() < settings.retrieval_probability and mail.email.sent_at:
            found = finder.find(request, before=mail.email.sent_at, exclude=kin[mail.conversation])
            sources = unlike(found, mail.email)[: settings.retrieval_count]
        _add(made, mail.email, request, sources, writing)
        report(number, len(mails), "")
    return made


def make_measures(mails: Sequence[SentMail], author: Author, writing: Writing, *, thread_messages: int) -> Examples:
    """Make the examples to measure by: all with their instruction, none with retrieved mail."""
    made = Examples()
    for mail in mails:
        _add(made, mail.email, request_for(mail, author, thread_messages=thread_messages), (), writing)
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


def fit(email: Email, request: Request, sources: Sequence[Source], writing: Writing) -> Made | None:
    """Return the example of one mail, or None where it is too long."""
    try:
        prompt = build_prompt(request, sources, budget=writing.prompt_budget, count=writing.count)
    except PromptTooLong:
        return None
    asked, answer = tokenise(prompt.messages, email.text, writing.tokenizer)
    if len(asked) + len(answer) > writing.max_tokens:
        return None
    example = Example(
        message_id=email.message_id,
        tokens=(*asked, *answer),
        prompt_tokens=len(asked),
        reply_bytes=len(email.text.encode()),
    )
    return Made(
        example=example,
        messages=prompt.messages,
        reply=email.text,
        source_ids=tuple(source.message_id for source in prompt.sources),
        is_instructed=bool(request.instruction),
    )


def unlike(sources: Sequence[Source], email: Email) -> list[Source]:
    """Leave out mail that says the same as the target: who can copy learns nothing."""
    target = text_hash(email.text)
    return [source for source in sources if text_hash(source.text) != target]


def _plain(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _add(examples: Examples, email: Email, request: Request, sources: Sequence[Source], writing: Writing) -> None:
    if not email.text:
        examples.reasons[email.message_id] = EMPTY
        return
    made = fit(email, request, sources, writing) or (fit(email, request, (), writing) if sources else None)
    if made is None:
        examples.reasons[email.message_id] = TOO_LONG
    else:
        examples.made.append(made)
