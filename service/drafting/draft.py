"""The one path from a request to a draft, for HTTP, watcher and command line alike.

what is seen ─> language ─> retrieve ─> prompt ─> adapter ─> stream ─> check the facts ─> ledger

Rules:
1. The ledger knows the draft before anything is generated, and learns how it ended, whatever happens.
2. Closing the iterator stops the generation.
3. An adapter writes only with the prompt version it was trained on; else the base model writes, and says so.
4. The log tells ids, sizes and times, never what was written.
5. What nobody sees in a mail counts for nothing. What received mail alone vouches for gets no link and no address into
   a draft for the mailbox (`withhold.py`); whoever asked for a draft sees it marked.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from connectors.adapter import AdapterCard
from connectors.errors import CyranoError, EngineError
from connectors.llm import Sampling
from connectors.reason import Reason
from retrieval.prompt import PROMPT_VERSION, Prompt, PromptSettings, Request, Source, build_prompt
from service.draft_row import Written
from service.drafting.facts import Fact, find_unsupported
from service.drafting.trim import Trimmer
from service.drafting.visible import visible_request, visible_sources
from service.drafting.withhold import withhold
from service.ledger import Ledger
from service.notices import Notice, NoticeKind

logger = logging.getLogger(__name__)

UNKNOWN = "und"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a draft is asked from: a prompt's request, and the ledger's row where there is one already."""

    request: Request
    """`language` "und" means: that of the last message, else of the instruction."""
    draft_id: str | None = None
    """The row of a watched mail; a draft on request gets a row of its own."""
    exclude: frozenset[str] = frozenset()
    """Message-IDs not to retrieve."""
    replaces: str = ""
    """The draft on request that this one is a changed version of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What is known before the first word."""

    draft_id: str
    subject: str
    language: str
    adapter: str
    """The adapter that writes; "" for the base model."""
    notice: Notice | None
    """Why it is not the adapter one would expect."""
    sources: tuple[Source, ...]
    unread: int = 0
    """How many messages of the thread, the oldest, did not fit into the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The next piece of text. All pieces together are the text, before a draft for the mailbox is gone over."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Milliseconds since the request was taken up."""

    retrieved: int
    first_token: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The whole draft."""

    draft_id: str
    text: str
    subject: str
    language: str
    adapter: str
    notice: Notice | None
    sources: tuple[Source, ...]
    unsupported: tuple[Fact, ...]
    timings_ms: Timings
    unread: int = 0


DraftEvent = Meta | Token | Done


class Finder(Protocol):
    """What finds mails for a request: `retrieval.rank.Retriever`."""

    def find(self, request: Request, *, exclude: frozenset[str]) -> tuple[Source, ...]:
        """Return the mails that help most, best first."""


class Writer(Protocol):
    """What writes: `connectors.llm.ModelServer`."""

    def stream(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> Iterator[str]:
        """Yield an answer piece by piece; closing the iterator stops it."""


class Adapters(Protocol):
    """What knows the adapter in service: `service.serving.adapters`."""

    def serving(self, account: str) -> AbstractContextManager[str]:
        """Yield the engine's name of the model that writes for an account; it stays loaded within the block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """Who writes. `adapter` is "" for the base model."""

    name: str
    adapter: str = ""
    notice: Notice | None = None


class _Run:
    """One draft in the making: what is measured and written so far."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self.trimmer = Trimmer()
        self.retrieved_ms = 0
        self.first_token_ms = 0
        self.tokens = 0

    def elapsed_ms(self) -> int:
        return round((self._clock() - self._started) * 1000)

    def note_token(self) -> None:
        if not self.tokens:
            self.first_token_ms = self.elapsed_ms()
        self.tokens += 1

    def timings(self) -> Timings:
        return Timings(retrieved=self.retrieved_ms, first_token=self.first_token_ms, total=self.elapsed_ms())


class Drafter:
    """Makes drafts. Safe to share between threads."""

    def __init__(
        self,
        *,
        retriever: Finder,
        ledger: Ledger,
        model_server: Writer,
        adapters: Adapters,
        cards: Callable[[str], Sequence[AdapterCard]],
        base_model: str,
        prompt: PromptSettings,
        sampling: Sampling,
        count: Callable[[str], int],
        detect: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts.

        Args:
            retriever: Finds mails to lean on.
            ledger: Remembers every draft.
            model_server: Writes.
            adapters: Says which model writes for an account.
            cards: Returns the cards of an account's adapters.
            base_model: The engine's name for the model without an adapter.
            prompt: How much a prompt may hold.
            sampling: How words are drawn.
            count: Counts the model's tokens.
            detect: Tells the language of a text.
            clock: Seconds, for what is measured.
        """
        self._retriever = retriever
        self._ledger = ledger
        self._model_server = model_server
        self._adapters = adapters
        self._cards = cards
        self._base_model = base_model
        self._prompt = prompt
        self._sampling = sampling
        self._count = count
        self._detect = detect
        self._clock = clock

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Yield `Meta`, then `Token`s, then `Done`.

        Raises:
            EngineDown: the model server is not ready.
            PromptTooLong: the instruction does not fit.
            CyranoError: the index or the ledger failed.
        """
        run = _Run(self._clock)
        asked = replace(asked, request=visible_request(asked.request))
        request = replace(asked.request, language=self._language(asked.request))
        draft_id = self._enter(asked)
        try:
            done = yield from self._written(draft_id, asked, request, run)
        except GeneratorExit:
            self._give_up(asked, draft_id, run)
            raise
        except Exception as error:
            # Only our own errors are written for people; others may quote mail.
            self._ledger.fail(draft_id, str(error) if isinstance(error, CyranoError) else type(error).__name__)
            raise
        yield done

    def _language(self, request: Request) -> str:
        """Return the language to write in: as told, else as in the last message, else as in the instruction.

        A draft that is changed stays in its own, whatever language it is told in how.
        """
        if request.language != UNKNOWN:
            return request.language
        last = request.thread[-1].text if request.thread else ""
        languages = (self._detect(text) for text in (request.revised, last, request.instruction) if text.strip())
        return next((language for language in languages if language != UNKNOWN), UNKNOWN)

    def _enter(self, asked: DraftRequest) -> str:
        if asked.draft_id is not None:
            self._ledger.set_generating(asked.draft_id)
            return asked.draft_id
        request = asked.request
        return self._ledger.begin(
            request.account,
            instruction=request.instruction,
            subject=request.subject,
            recipients=[address.addr for address in request.recipients],
            replaces=asked.replaces,
        )

    def _written(
        self, draft_id: str, asked: DraftRequest, request: Request, run: _Run
    ) -> Generator[DraftEvent, None, Done]:
        sources = visible_sources(self._retriever.find(request, exclude=asked.exclude))
        prompt = build_prompt(request, sources, budget=self._prompt.budget_tokens, count=self._count)
        run.retrieved_ms = run.elapsed_ms()
        with self._model(request.account) as model:
            meta = Meta(
                draft_id=draft_id,
                subject=request.subject,
                language=request.language,
                adapter=model.adapter,
                notice=model.notice,
                sources=prompt.sources,
                unread=prompt.unread,
            )
            yield meta
            yield from self._tokens(model, prompt, run)
        return self._done(asked, request, meta, run)

    @contextmanager
    def _model(self, account: str) -> Iterator[_Model]:
        with self._adapters.serving(account) as name:
            card = next((card for card in self._cards(account) if card.name == name), None)
            if card is None:
                approved = [card for card in self._cards(account) if card.is_approved]
                newest = max(approved, key=lambda card: card.version, default=None)
                yield _Model(name=name, notice=_why_not(newest, self._base_model))
            elif card.prompt_version != PROMPT_VERSION:
                yield _Model(name=self._base_model, notice=_why_not(card, self._base_model))
            else:
                yield _Model(name=name, adapter=name)

    def _tokens(self, model: _Model, prompt: Prompt, run: _Run) -> Iterator[Token]:
        with closing(self._model_server.stream(model.name, prompt.messages, self._sampling)) as pieces:  # type: ignore[type-var]  # streams are generators
            for piece in pieces:
                run.note_token()
                if shown := run.trimmer.feed(piece):
                    yield Token(text=shown)
                if run.trimmer.is_over:
                    break
        if shown := run.trimmer.finish():
            yield Token(text=shown)

    def _done(self, asked: DraftRequest, request: Request, meta: Meta, run: _Run) -> Done:
        text = run.trimmer.text
        if not text:
            hint = "Say more in the instruction, or try again."
            raise EngineError("The model wrote nothing.", hint=hint, reason=Reason.SILENT)
        unsupported = find_unsupported(text, request, meta.sources)
        if asked.draft_id is None:
            self._ledger.finish(meta.draft_id, _facts_of(meta, run, text))
        else:
            text = withhold(text, unsupported, meta.language)
            unsupported = find_unsupported(text, request, meta.sources)
            self._ledger.keep_text(meta.draft_id, _facts_of(meta, run, text))
        timings = run.timings()
        logger.info(
            "draft %s: %d sources, first token after %d ms, %d tokens in %d ms",
            meta.draft_id, len(meta.sources), timings.first_token, run.tokens, timings.total,
        )  # fmt: skip
        return Done(
            draft_id=meta.draft_id,
            text=text,
            subject=meta.subject,
            language=meta.language,
            adapter=meta.adapter,
            notice=meta.notice,
            sources=meta.sources,
            unsupported=unsupported,
            timings_ms=timings,
            unread=meta.unread,
        )

    def _give_up(self, asked: DraftRequest, draft_id: str, run: _Run) -> None:
        """Note that nobody waits for the draft any more; a watched mail's is tried again."""
        if asked.draft_id is None:
            self._ledger.cancel(draft_id, run.trimmer.text)
        else:
            self._ledger.fail(draft_id, "The draft was broken off.")
        logger.info("draft %s: broken off after %d tokens", draft_id, run.tokens)


def _why_not(card: AdapterCard | None, base_model: str) -> Notice | None:
    """Say why an account's adapter does not write, where it is for another prompt or another base model."""
    if card is None:
        return None
    if card.prompt_version != PROMPT_VERSION:
        kind, other = NoticeKind.OTHER_PROMPT, "another version of the prompt"
    elif Path(card.base_model).name != Path(base_model).name:
        kind, other = NoticeKind.OTHER_MODEL, "another base model"
    else:
        return None
    said = f"{card.name} was trained for {other}; the base model wrote this. Train again."
    return Notice(kind=kind, about=card.name, text=said)


def _facts_of(meta: Meta, run: _Run, text: str) -> Written:
    return Written(
        text=text,
        subject=meta.subject,
        language=meta.language,
        adapter=meta.adapter,
        prompt_version=PROMPT_VERSION,
        source_ids=[source.message_id for source in meta.sources],
        first_token_s=run.first_token_ms / 1000,
        tokens=run.tokens,
    )
