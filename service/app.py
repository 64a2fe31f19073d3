"""The composition root: the one place where the parts are built and joined, each when it is first asked for."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from threading import Event

from connectors.account import AccountRecord
from connectors.adapter import list_cards, remember_versions
from connectors.archive import Archive
from connectors.cleaning.language import detect
from connectors.composing.signature import SIGNATURE_MAILS, choose_signature
from connectors.errors import ConfigError, CyranoError, StoreError, UsageError
from connectors.forget import empty, shred
from connectors.forgotten import forgotten
from connectors.llm import ModelServer
from connectors.message import Address
from connectors.oauth.store import TokenStore
from connectors.secrets import Secrets, open_secrets
from retrieval.embedder import Embedder
from retrieval.index import open_index
from retrieval.prompt import Request
from retrieval.rank import Retriever
from retrieval.tokens import counter_for
from service.adapters import AdapterKeeper
from service.auth import Tokens
from service.config import Settings, find_home, load_settings
from service.crew import Crew
from service.disk import need_space
from service.draft import Drafter
from service.engine.command import engine_url, served_name
from service.engine.keeper import EngineKeeper
from service.forget import made_from_mail_deleted, retrain_note
from service.health import Health, Part
from service.ingest import Ingested, ingest
from service.learn import Learner
from service.ledger import Ledger
from service.local import forget_local_token, local_token
from service.lock import hold_home
from service.mailboxes import Mailboxes
from service.outcomes import Outcomes
from service.parts import Parts
from service.progress import OnProgress, waiting
from service.training import runs_of
from service.turns import Stopped, SyncTurns
from service.watching.watch import Watcher, WatchStatus


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
    def outcomes(self) -> Outcomes:
        """What became of the drafts."""
        return Outcomes(self.archive.engine)

    @cached_property
    def mailboxes(self) -> Mailboxes:
        """What opens the mailboxes."""
        settings = self.settings
        size = settings.sync.max_message_mb
        return Mailboxes(self.archive, self.secrets, self.home, max_message_mb=size, gmail=settings.gmail)

    @cached_property
    def model_server(self) -> ModelServer:
        """The engine, wherever it runs."""
        return ModelServer(engine_url(self.settings.engine), api_key=self.engine_key)

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
    def adapters(self) -> AdapterKeeper:
        """Which model writes for an account."""
        root, base_model = self.adapters_root, self.settings.engine.model
        is_strict = self.settings.forget.strict
        return AdapterKeeper(root, self.model_server, base=self.base_name, base_model=base_model, is_strict=is_strict)

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

    def web_parts(self) -> Parts:
        """Return what the HTTP service is joined from."""
        return Parts(
            drafter=self.drafter,
            ledger=self.ledger,
            tokens=self.tokens,
            health=self.health,
            outcomes=self.outcomes,
            account=self.archive.account,
            adapter=self.adapters.in_service,
            notices=self._notices,
            checks={"archive": self.archive.accounts, "index": self._check_index, "engine": self.model_server.models},
        )

    def crew(self) -> Crew:
        """Return what keeps a watcher for each mailbox that has drafts."""
        return Crew(self.archive.accounts, self._watcher, mark=self.mailboxes.mark)

    def _watcher(self, record: AccountRecord) -> Watcher | None:
        settings = self.settings.watch_of(record.name)
        if settings.trigger != "all":
            self.ledger.drop_arrival(record.name)
        if settings.trigger == "off" or not self.mailboxes.has_drafts(record):
            return None
        compose = self.settings.compose_of(record.name)
        return Watcher(
            record,
            settings,
            connect=lambda: self.mailboxes.open_mailbox(record, folder=settings.folder),
            ledger=self.ledger,
            drafter=self.drafter,
            compose=compose,
            signature=lambda: choose_signature(
                compose, lambda: self.archive.signatures(record.name, newest=SIGNATURE_MAILS)
            ),
            report=self._note_watch,
            # Asked anew for each mail: it may be forgotten while this runs.
            is_forgotten=lambda email: forgotten(self.archive.engine, record.name)(email),  # noqa: PLW0108
        )

    def _note_watch(self, status: WatchStatus) -> None:
        self.health.note(
            status.account,
            Part.WATCH,
            status.state,
            waiting=status.waiting,
            report=status.held,
            error=status.error,
            hint=status.hint,
        )

    def join(self) -> None:
        """Build what threads will share before there are any: each part is built once."""
        self.drafter, self.health, self.mailboxes, self.adapters  # noqa: B018  built by being asked for

    def warm(self) -> None:
        """Load what the first draft would wait for: the embedding model, the language model, the engine's client."""
        detect("Say hello to everybody.")
        self.model_server.is_ready()
        with suppress(CyranoError):  # whoever drafts is told
            self.retriever.find(Request(account="", owner=Address(addr=""), instruction="Say hello."))

    def _notices(self, account: str) -> list[str]:
        said = [words for name, words in self.adapters.problems.items() if name.startswith(f"{account}@")]
        note = retrain_note(self.adapters_root, account, is_strict=self.settings.forget.strict)
        return [*said, note] if note else said

    def _check_index(self) -> None:
        for record in self.archive.accounts():
            self.retriever.count(record.name)

    @contextmanager
    def some_engine(self) -> Iterator[str]:
        """Yield the URL of an engine that answers: the one that runs, else one started for the block."""
        with self.engine_keeper() as keeper, waiting("Waiting for the engine") as on_wait:
            keeper.wait_ready(self.settings.engine.start_timeout_s, on_wait)
            yield keeper.url

    def engine_keeper(self) -> EngineKeeper:
        """Return what keeps this home's engine."""
        return EngineKeeper(self.settings.engine, self.home, api_key=self.engine_key)

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
        return ingest(
            records,
            self.mailboxes.open_account,
            self.archive,
            self.retriever,
            self.settings.sync,
            learner=Learner(self.outcomes),
            start_bar=start_bar,
        )

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

    def forget_account(self, name: str) -> None:
        """Remove an account and everything made from its mail.

        The account itself goes last: as long as it is there, a removal that broke off can be run again.

        Raises:
            StoreError: something could not be deleted.
        """
        self.retriever.forget(name)
        remember_versions(self.adapters_root, name)
        with made_from_mail_deleted(self.home / "runs", self.adapters_root):
            for folder in (self.adapters_root / name, *runs_of(self.home / "runs", name)):
                _delete_folder(folder)
        forget_local_token(self.home, name)
        self.secrets.delete(name)
        TokenStore(name, self.secrets, self.home).forget()
        self.retriever.rewrite()
        empty(self.archive.engine, name)
        shred(self.archive.engine)
        self.archive.remove_account(name)

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


def _delete_folder(folder: Path) -> None:
    """Delete a folder, if it is there; silence about what stays would be a lie."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        hint = "Delete it yourself, then run the command again."
        raise StoreError(f"{folder} could not be deleted: {error.strerror}.", hint=hint) from error
