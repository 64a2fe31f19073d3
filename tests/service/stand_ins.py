"""Small stand-ins for the parts around the HTTP service, and what joins them."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Engine, create_engine, event, insert

from connectors import schema
from connectors.account import AccountRecord
from connectors.adapter import AdapterCard
from connectors.errors import UsageError
from connectors.llm import Sampling
from connectors.message import Address
from retrieval.prompt import PROMPT_VERSION, PromptSettings, Request, Source
from service.access.audit import Audit
from service.access.pairing import Pairings
from service.access.tokens import Tokens
from service.desk import Desk
from service.drafting.draft import Drafter
from service.feedback import Feedback
from service.health import Health
from service.ledger import Ledger
from service.notices import Notice, NoticeKind
from service.outcomes import Outcomes
from service.parts import Parts

ANA = Address(addr="ana@example.org", name="Ana Lopez")
BOB = Address(addr="bob@example.org", name="Bob Reed")
MARTA = Address(addr="marta@example.org", name="Marta Kling")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

SOURCE = Source(
    message_id="s1@example.org",
    subject="Lunch",
    recipients=(MARTA,),
    sent_at=NOON,
    text="Hi Marta,\n\nsee you at 12:30 at the harbour.\n\nBest, Ana",
    score=0.8,
)


def make_database(folder: Path) -> Engine:
    """A database with all tables and the accounts "ana" and "bob"."""
    engine = create_engine(f"sqlite:///{folder / 'cyrano.db'}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    schema.metadata.create_all(engine)
    add_people(engine)
    return engine


def add_people(engine: Engine) -> None:
    """Put the accounts "ana" and "bob" into a database."""
    row = {"kind": "mbox", "addresses": [], "settings": {}}
    people = [{"name": "ana", "owner_name": ANA.name, "owner_addr": ANA.addr, **row}]
    people += [{"name": "bob", "owner_name": BOB.name, "owner_addr": BOB.addr, **row}]
    with engine.begin() as connection:
        connection.execute(insert(schema.account), people)


def account(name: str) -> AccountRecord:
    """What the archive knows of an account."""
    owner = {"ana": ANA, "bob": BOB}.get(name)
    if owner is None:
        raise UsageError(f"There is no account {name}.")
    return AccountRecord(name=name, kind="mbox", owner=owner, addresses=frozenset({owner.addr}))


def card(version: int = 1, prompt_version: str = PROMPT_VERSION) -> AdapterCard:
    """The card of an adapter of Ana's."""
    return AdapterCard(
        account="ana",
        version=version,
        base_model="base",
        prompt_version=prompt_version,
        method="lora",
        created_at="2026-11-21T12:00:00+00:00",
        is_approved=True,
        verdict="good",
    )


@dataclass
class StandInRetriever:
    """Finds always the same."""

    sources: tuple[Source, ...] = (SOURCE,)
    asked: list[Request] = field(default_factory=list)

    def find(self, request: Request, *, exclude: frozenset[str]) -> tuple[Source, ...]:
        """Return the sources but those excluded."""
        self.asked.append(request)
        return tuple(source for source in self.sources if source.message_id not in exclude)


@dataclass
class StandInModelServer:
    """Writes given pieces. With `gate`, waits for it before each piece but the first."""

    pieces: Sequence[str] = ("Hi Marta,\n\n", "see you ", "soon.", "\n\nAna")
    error: Exception | None = None
    gate: threading.Semaphore | None = None
    model: str = ""
    prompts: list[str] = field(default_factory=list)
    sent: int = 0
    is_closed: threading.Event = field(default_factory=threading.Event)

    def stream(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> Iterator[str]:
        """Yield the pieces, then fail where told to."""
        assert sampling.max_tokens
        self.model = model
        self.prompts.append("\n".join(str(message["content"]) for message in messages))
        try:
            for number, piece in enumerate(self.pieces):
                if number and self.gate:
                    self.gate.acquire()
                self.sent += 1
                yield piece
            if self.error:
                raise self.error
        finally:
            self.is_closed.set()


@dataclass
class StandInAdapters:
    """Serves one model, and counts who writes with it."""

    model: str = "base"
    in_use: int = 0

    @contextmanager
    def serving(self, name: str) -> Iterator[str]:
        """Yield the model."""
        assert name
        self.in_use += 1
        try:
            yield self.model
        finally:
            self.in_use -= 1


def detect(text: str) -> str:
    """Tell German from English by one word."""
    return "de" if "und" in text.split() else "en"


class Unmanned:
    """A desk that nobody asks: the tests of the console's pages bring one of their own."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Have any method, for whoever only joins it."""

        def ask(*_: object, **__: object) -> object:
            raise AssertionError(f"the desk was asked for {name}")

        return ask


@dataclass
class House:
    """A drafter with stand-ins around it, and the parts of the HTTP service on top."""

    engine: Engine
    model_server: StandInModelServer = field(default_factory=StandInModelServer)
    retriever: StandInRetriever = field(default_factory=StandInRetriever)
    adapters: StandInAdapters = field(default_factory=StandInAdapters)
    cards: Sequence[AdapterCard] = ()
    budget: int = 3000
    desk: Desk = field(default_factory=lambda: cast("Desk", Unmanned()))
    notices: Sequence[Notice] = (
        Notice(kind=NoticeKind.UNTOLD, about="ana", text="You could not be told how a run ended."),
    )

    @property
    def ledger(self) -> Ledger:
        """The real ledger."""
        return Ledger(self.engine)

    @property
    def tokens(self) -> Tokens:
        """The real tokens."""
        return Tokens(self.engine)

    @property
    def pairings(self) -> Pairings:
        """The real table of the code."""
        return Pairings(self.engine)

    @property
    def audit(self) -> Audit:
        """The real audit; another one than that of `parts()`, which counts on its own until it writes."""
        return Audit(self.engine)

    @property
    def health(self) -> Health:
        """How the account really does."""
        return Health(self.engine)

    def drafter(self) -> Drafter:
        """The real drafter on the stand-ins."""
        return Drafter(
            retriever=self.retriever,
            ledger=self.ledger,
            model_server=self.model_server,
            adapters=self.adapters,
            cards=lambda _: self.cards,
            base_model="base",
            prompt=PromptSettings(budget_tokens=self.budget),
            sampling=Sampling(),
            count=lambda text: len(text.split()),
            detect=detect,
        )

    def parts(self) -> Parts:
        """What the HTTP service is joined from."""
        return Parts(
            drafter=self.drafter(),
            ledger=self.ledger,
            tokens=self.tokens,
            pairings=self.pairings,
            audit=self.audit,
            health=self.health,
            outcomes=Outcomes(self.engine),
            feedback=Feedback(self.engine),
            account=account,
            adapter=lambda _: "ana@v1",
            notices=lambda _: self.notices,
            checks={"archive": lambda: None, "index": lambda: None, "engine": lambda: None},
            desk=self.desk,
        )
