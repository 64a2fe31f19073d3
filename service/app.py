"""The composition root: the one place where the parts are built and joined, each when it is first asked for."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import cached_property, partial
from pathlib import Path
from random import random
from threading import Event, Lock
from typing import TypedDict

from connectors.account import AccountRecord
from connectors.adapter import list_cards
from connectors.archive import Archive
from connectors.base_model import revision
from connectors.cleaning.language import detect
from connectors.errors import ConfigError, CyranoError, UsageError
from connectors.llm import ModelServer
from connectors.mailbox import Mailbox
from connectors.message import Address
from connectors.secrets import Secrets, open_secrets
from retrieval.embedder import Embedder
from retrieval.index import open_index
from retrieval.prompt import Request
from retrieval.rank import Retriever
from retrieval.tokens import counter_for
from service.access.audit import Audit
from service.access.pairing import Pairings
from service.access.tokens import Tokens
from service.backoff import Backoff
from service.config import Settings, find_home, load_settings
from service.crew import Crew
from service.disk import need_space
from service.drafting.draft import Drafter
from service.engine.command import engine_url, served_name
from service.engine.keeper import EngineKeeper
from service.engine.machine import inspect_machine
from service.engine.prepare import prepare
from service.engine.record import is_kept
from service.engine.rest import RestWatch
from service.feedback import Feedback
from service.health import Health
from service.home_desk import HomeDesk
from service.ingest import Ingested, ingest
from service.learn import Learner
from service.ledger import Ledger
from service.local import local_token
from service.lock import hold_home
from service.mailboxes import Mailboxes
from service.notify import Notifier
from service.outcomes import Outcomes
from service.progress import OnProgress, waiting
from service.refresh.decide import Decision
from service.refresh.lease import Leases
from service.refresh.runs import Runs
from service.refresh.sharing import Sharing
from service.refreshing import join_refresher
from service.serving.adapters import AdapterKeeper
from service.serving.merged import MergedKeeper
from service.serving.merging import merge_by_trainer
from service.turns import Stopped, SyncTurns
from service.watching.joining import join_watcher
from service.webhook import Webhook


class _ForAdapters(TypedDict):
    """What a keeper of adapters is given, however they are served."""

    base: str
    base_model: str
    revision: Callable[[], str]
    is_strict: bool
    awake: Callable[[], None]


@contextmanager
def open_app() -> Iterator["App"]:
    """Yield the application on the home folder of this environment, and close what it opened."""
    home = find_home(os.environ)
    app = App(home, load_settings(home, os.environ))
    try:
        yield app
    finally:
        app.close()


class App:
    """Cyrano on one home folder."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self._syncing: dict[str, Lock] = {}
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            hint = "Set CYRANO_HOME to a folder that you may write."
            raise ConfigError(f"The home folder {home} cannot be made: {error.strerror}.", hint=hint) from error

    @cached_property
    def archive(self) -> Archive:
        """The mail store; also whose database holds ledger and tokens."""
        return Archive.open(self.archive_url)

    @property
    def archive_url(self) -> str:
        """Where the database is: the configured server, else a file in the home folder."""
        return self.settings.archive.url or f"sqlite:///{self.home / 'cyrano.db'}"

    @cached_property
    def tokens(self) -> Tokens:
        """Who may ask over HTTP."""
        return Tokens(self.archive.engine)

    @cached_property
    def pairings(self) -> Pairings:
        """The code that lets a browser in."""
        return Pairings(self.archive.engine)

    @cached_property
    def audit(self) -> Audit:
        """Who showed which token for what."""
        return Audit(self.archive.engine)

    def local_token(self, account: str) -> str:
        """Return the token of this machine's own command line and console."""
        return local_token(self.home, self.tokens, account)

    @cached_property
    def ledger(self) -> Ledger:
        """The life of every draft."""
        return Ledger(self.archive.engine)

    @cached_property
    def health(self) -> Health:
        """How each account does."""
        return Health(self.archive.engine)

    @cached_property
    def feedback(self) -> Feedback:
        """What was done with drafts where they were asked for."""
        return Feedback(self.archive.engine)

    @cached_property
    def outcomes(self) -> Outcomes:
        """What became of the drafts."""
        return Outcomes(self.archive.engine)

    @cached_property
    def runs(self) -> Runs:
        """What was done to learn anew, and what is asked for."""
        return Runs(self.archive.engine)

    @cached_property
    def leases(self) -> Leases:
        """Who may do what only one may do."""
        return Leases(self.archive.engine)

    @cached_property
    def next_run(self) -> Callable[[str], Decision]:
        """Says when an account's next run begins, and why."""
        return join_refresher(self).decision

    @cached_property
    def sharing(self) -> Sharing:
        """What the engine does while an adapter is trained."""
        engine, answers = self.settings.engine, self.model_server.is_ready
        return Sharing(self.home, engine, answers=answers, build=lambda: inspect_machine().build)

    @cached_property
    def rests(self) -> RestWatch:
        """Whether the engine is to rest."""
        return RestWatch(self.home)

    @cached_property
    def notifier(self) -> Notifier:
        """Who is told of a run that ended badly."""
        url = self.settings.notify.webhook
        hook = Webhook(url, pause=Event().wait, backoff=lambda: Backoff(random, cap_s=30.0)) if url else None
        return Notifier(
            self.settings.notify, self.home, webhook=hook, account=self.archive.account, connect=self._drafts_of
        )

    def _drafts_of(self, record: AccountRecord) -> Mailbox | None:
        """Return a mailbox to put a draft into, where there are any."""
        if not self.mailboxes.has_drafts(record):
            return None
        return self.mailboxes.open_mailbox(record, folder=self.settings.watch_of(record.name).folder)

    @cached_property
    def mailboxes(self) -> Mailboxes:
        """What opens the mailboxes."""
        settings = self.settings
        size = settings.sync.max_message_mb
        return Mailboxes(self.archive, self.secrets, self.home, max_message_mb=size, gmail=settings.gmail)

    @cached_property
    def model_server(self) -> ModelServer:
        """The engine, wherever it runs."""
        engine = self.settings.engine
        is_kept_here = partial(is_kept, self.home) if not engine.url else lambda: False
        return ModelServer(engine_url(engine), api_key=self.engine_key, is_kept=is_kept_here)

    @property
    def engine_key(self) -> str:
        """The key of a model server that asks for one."""
        return self.secrets.find("engine", "api_key") or "none"

    @property
    def base_name(self) -> str:
        """What the engine calls the model without an adapter."""
        engine = self.settings.engine
        return engine.model if engine.url else served_name(engine.model)

    @cached_property
    def adapters(self) -> AdapterKeeper | MergedKeeper:
        """Which model writes for an account."""
        engine, root = self.settings.engine, self.adapters_root
        common: _ForAdapters = {
            "base": self.base_name,
            "base_model": engine.model,
            "revision": partial(revision, engine.model),
            "is_strict": self.settings.forget.strict,
            "awake": self.rests.check,
        }
        if engine.serving == "lora":
            return AdapterKeeper(root, self.model_server, finds_itself=engine.resolver, **common)
        # Its changes go by files to whoever keeps the engine, in this process or another one.
        made = partial(self.sharing.made, settings=self.settings.refresh)
        merge = merge_by_trainer(root, engine.model, made=made)
        return MergedKeeper(root, self.home, self.model_server, self.engine_keeper(), merge, **common)

    @cached_property
    def drafter(self) -> Drafter:
        """The one path from a request to a draft."""
        return Drafter(
            retriever=self.retriever,
            ledger=self.ledger,
            model_server=self.model_server,
            adapters=self.adapters,
            cards=lambda account: list_cards(self.adapters_root, account),
            base_model=self.base_name,
            prompt=self.settings.prompt,
            sampling=self.settings.sampling,
            count=counter_for(self.settings.engine.model),
            detect=detect,
        )

    @cached_property
    def desk(self) -> HomeDesk:
        """What the console shows of adapters, runs and mail."""
        return HomeDesk(
            adapters=self.adapters_root,
            archive=self.archive,
            retriever=lambda: self.retriever,
            runs_table=self.runs,
            in_service=self.adapters.in_service,
            problems=lambda: self.adapters.problems,
            why_not=self.adapters.why_not,
            decided=self.next_run,
        )

    def crew(self) -> Crew:
        """Return what keeps a watcher for each mailbox that has drafts."""
        return Crew(self.archive.accounts, partial(join_watcher, self), mark=self.mailboxes.mark)

    def join(self) -> None:
        """Build what threads will share before there are any: each part is built once."""
        self.drafter, self.health, self.mailboxes, self.adapters, self.runs, self.leases  # noqa: B018  built by being asked for

    def warm(self) -> None:
        """Load what the first draft would wait for: the embedding model, the language model, the engine's client."""
        detect("Say hello to everybody.")
        self.model_server.is_ready()
        with suppress(CyranoError):  # whoever drafts is told
            self.retriever.find(Request(account="", owner=Address(addr=""), instruction="Say hello."))

    @contextmanager
    def some_engine(self) -> Iterator[str]:
        """Yield the URL of an engine that answers: the one that runs, else one started for the block."""
        with self.engine_keeper() as keeper, waiting("Waiting for the engine") as on_wait:
            keeper.wait_ready(self.settings.engine.start_timeout_s, on_wait)
            yield keeper.url

    def engine_keeper(self) -> EngineKeeper:
        """Return what keeps this home's engine."""
        build = partial(prepare, adapters=self.adapters_root)
        return EngineKeeper(self.settings.engine, self.home, api_key=self.engine_key, build=build)

    def sync_turns(self, stop: Event) -> SyncTurns:
        """Return what brings in and indexes each account's mail, turn by turn.

        When told to stop it breaks off after the batch under way; the next sync goes on from there.
        """

        def go_on(_done: int, _total: int | None) -> None:
            if stop.is_set():
                raise Stopped("Cyrano is stopping.")

        def ingest_one(record: AccountRecord) -> Ingested:
            return self.ingest([record], lambda _: go_on)[0]

        every = self.settings.sync.every_minutes
        return SyncTurns(self.archive.account, ingest_one, self.health, mark=self.mailboxes.mark, every_minutes=every)

    def ingest(self, records: Iterable[AccountRecord], start_bar: Callable[[str], OnProgress]) -> list[Ingested]:
        """Bring in and index what was sent meanwhile; return how each account fared.

        Raises:
            StoreError: there is no room for it.
        """
        need_space(self.home)
        results = []
        for record in records:
            with self._syncing.setdefault(record.name, Lock()):  # its turn and its refresh may meet
                results += ingest(
                    [record],
                    self.mailboxes.open_account,
                    self.archive,
                    self.retriever,
                    self.settings.sync,
                    learner=Learner(self.outcomes),
                    start_bar=start_bar,
                )
        return results

    @property
    def adapters_root(self) -> Path:
        """Where adapters lie."""
        return self.home / "adapters"

    @cached_property
    def secrets(self) -> Secrets:
        """Passwords and tokens of the mailboxes."""
        return open_secrets(self.home)

    @cached_property
    def retriever(self) -> Retriever:
        """The index and what ranks its answers."""
        return self._open_retriever(fresh=False)

    def _open_retriever(self, *, fresh: bool) -> Retriever:
        embedder = Embedder(self.settings.embedder)
        index = open_index(
            self.settings.index, home=self.home, dimension=embedder.dimension, model=embedder.model, fresh=fresh
        )
        return Retriever(index, embedder, self.settings.retrieval)

    def hold(self) -> AbstractContextManager[None]:
        """Hold the embedded stores, so that no other process writes to them; servers need no such care."""
        is_embedded = not (self.settings.archive.url and self.settings.index.url)
        return hold_home(self.home) if is_embedded else nullcontext()

    def one_account(self, name: str) -> AccountRecord:
        """Return the account named, or the only one there is."""
        if name:
            return self.archive.account(name)
        records = self.archive.accounts()
        if len(records) == 1:
            return records[0]
        if not records:
            raise UsageError("There are no accounts yet.", hint="Add one: cyrano account add gmail|imap|mbox --help")
        names = ", ".join(record.name for record in records)
        raise UsageError("There are several accounts; say which.", hint=f"Add --account with one of: {names}.")

    def account_names(self) -> list[str]:
        """Return the names of all accounts."""
        return [record.name for record in self.archive.accounts()]

    def need_free_name(self, name: str) -> None:
        """See to it that no account has a name.

        Raises:
            UsageError: one has.
        """
        if any(record.name == name for record in self.archive.accounts()):
            hint = f"Take another name (--name), or remove it first: cyrano account remove {name}"
            raise UsageError(f'There is already an account "{name}".', hint=hint)

    def clear_index(self) -> None:
        """Empty the index, so that all mail is indexed anew."""
        self.archive.forget_index()
        self.retriever = self._open_retriever(fresh=True)

    def close(self) -> None:
        """Close what was opened."""
        with ExitStack() as stack:
            for name in ("archive", "retriever", "model_server"):
                if name in self.__dict__:
                    stack.callback(self.__dict__[name].close)
            if "audit" in self.__dict__:
                stack.callback(self.audit.flush)
