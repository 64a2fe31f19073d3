"""Which adapter writes for an account, and how another takes its place: load, probe, flip, drain, unload.

Rules:
1. A name ("ana@v3") stands for the same weights for ever; the engine never loads other weights under it.
2. Which adapter is to write is asked of the disk each time (`connectors.adapter.target`): the newest that was approved,
   is not withdrawn and can be served. The flip goes to it in either direction, and the pointer moves only after its
   files were those of its card and the engine answered as it. Whatever fails leaves the one in service where it is,
   and `problems` says why; refusals.py says when it is tried again.
3. What an engine has loaded, and from where, is asked of it, never remembered: it may have been started anew since, or
   have another home's adapter of that name. So no draft is written by another model than the one it is said to be from.
4. One that is still writing is not unloaded before it has ended, or `drain_s` have passed; nor before `linger_s` have
   passed, for drafts of other processes that are just about to ask for it.
5. Where it is strict, an adapter that learned from mail which was forgotten since neither writes nor stays loaded: an
   older one that did not, or the base model, writes until a newer one is there.
6. The pointer stays where it is while nothing can be served, and goes only with the person's word: a withdrawn adapter
   does not write once the engine has the one before, or the base model.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors.adapter import (
    AdapterCard,
    clear_current,
    current_version,
    folder,
    is_withdrawn,
    read_card,
    set_current,
    target,
)
from connectors.errors import CyranoError, EngineDown, EngineError, EngineLost, ModelMissing, StoreError
from service.notices import Notice
from service.serving.choice import Choice
from service.serving.drain import Drain
from service.serving.fitness import Fitness, notices_of, reasons, stuck_notice
from service.serving.loaders import NAME, ByFolder, ByRequest, Loader, Server
from service.serving.refusals import Refusals

logger = logging.getLogger(__name__)


class AdapterKeeper:
    """The adapters of all accounts, as one engine serves them. Safe to share between threads."""

    def __init__(
        self,
        root: Path,
        server: Server,
        *,
        base: str,
        base_model: str,
        revision: Callable[[], str] = lambda: "",
        is_strict: bool = False,
        finds_itself: bool = False,
        drain_s: float = 120.0,
        linger_s: float = 5.0,
        awake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts.

        Args:
            root: The folder of all accounts' adapters.
            server: The engine.
            base: The engine's name for the model without an adapter.
            base_model: What cards must name as their base model.
            revision: Returns what that model is made of now, by `connectors.base_model`.
            is_strict: Whether an adapter that learned from mail forgotten since is put out of service.
            finds_itself: Whether engines find adapters in a folder by themselves; else they are told of each.
            drain_s: How long an adapter that was replaced may go on writing.
            linger_s: How long it stays loaded at least.
            awake: Raises EngineDown while the engine rests.
            clock: Seconds that only grow.
        """
        self._root = root
        self._server = server
        self._loader: Loader = ByFolder(server, root) if finds_itself else ByRequest(server, root)
        self._fitness = Fitness(base_model=base_model, revision=revision)
        self._base = base
        self._awake = awake
        self._drain = Drain(drain_s=drain_s, linger_s=linger_s, clock=clock)
        self._notices: dict[str, dict[str, Notice]] = {}
        self._stuck: dict[str, tuple[str, str]] = {}
        """Account to the name its pointer could not be moved to, and why."""
        self._refusals = Refusals(clock)
        self._choice = Choice(root, self._fitness, self._refusals, is_strict=is_strict)
        self._probed: set[str] = set()
        """Those that answered to this keeper: one that is loaded may be another process's, or have failed its probe."""
        self._loading = threading.Lock()
        self._refreshing = threading.Lock()

    @property
    def problems(self) -> dict[str, str]:
        """Adapter to why it is not in service, in a sentence."""
        found = self._notices.copy().values()
        return {name: notice.text for of_account in found for name, notice in of_account.items()}

    def notices(self, account: str) -> Sequence[Notice]:
        """Return what is not as it should be with an account's adapters."""
        return notices_of(account, self._notices.get(account, {}))

    def why_not(self, card: AdapterCard) -> str:
        """Return why an adapter cannot be served here, and what to do; "" where it can."""
        return self._choice.why_not(card)

    def in_service(self, account: str) -> str | None:
        """Return the name of the adapter that is to write for an account, or None where the base model does."""
        card = self._choice.pointed(account)
        return None if card is None or self._choice.why_refused(card) else card.name

    def loaded(self, account: str) -> list[int]:
        """Return the versions that an engine has, or that are writing: their weights are needed.

        Raises:
            EngineDown: the engine does not answer.
        """
        parts = [NAME.fullmatch(name) for name in [*self._drain.writing(), *self._loader.names()]]
        return sorted({int(part["version"]) for part in parts if part and part["account"] == account})

    @contextmanager
    def serving(self, account: str) -> Iterator[str]:
        """Yield the engine's name of the model that writes for an account; it stays loaded within the block.

        Raises:
            EngineDown: the engine does not answer, or rests.
        """
        self._awake()
        card = self._choice.pointed(account)
        if card is not None:
            with self._drain.held(card.name):
                if self._has(card):
                    with self._doubted(card.name):
                        yield card.name
                    return
        self._note_problems(account)
        with self._drain.held(self._base):
            yield self._base

    def refresh(self) -> list[str]:
        """Flip each account to the adapter that is to write, and unload what was replaced; return who writes newly.

        Raises:
            EngineDown: the engine does not answer, or rests; nothing has changed for the worse.
        """
        self._awake()
        with self._refreshing:
            accounts = self._choice.accounts()
            for gone in self._notices.copy().keys() - set(accounts):
                self._notices.pop(gone, None)
            flipped = [name for account in accounts for name in self._refreshed(account)]
            self._unload_unused()
        return flipped

    def watch(self, interval_s: float, stop: threading.Event) -> None:
        """Refresh again and again until told to stop."""
        while not stop.is_set():
            try:
                self.refresh()
            except EngineDown as error:
                logger.debug("adapters wait for the engine: %s", error)
            except Exception as error:  # noqa: BLE001  whatever it was, the next round may fare better
                logger.warning("adapters could not be refreshed: %s: %s", type(error).__name__, error)
            stop.wait(interval_s)

    def _refreshed(self, account: str) -> list[str]:
        """Flip an account where it is due; a disk that is full is this account's trouble, not the others'."""
        self._stuck.pop(account, None)
        try:
            return self._flip(account)
        except StoreError as error:
            wanted = self._choice.wanted(account)
            self._stuck[account] = (wanted.name if wanted else f"{account}@base", f"{error} {error.hint}".strip())
            return []
        finally:
            self._note_problems(account)

    def _flip(self, account: str) -> list[str]:
        """Have the adapter write that is to; return its name, if it did not before."""
        current = current_version(self._root, account)
        serving = self._choice.pointed(account)
        if serving is not None:
            self._follow(serving)
            self._has(serving)  # first: after a start of the engine, drafts wait for it
        while (wanted := self._choice.wanted(account)) is not None and wanted.version != current:
            if self._has(wanted):  # else it is refused, and not wanted for a while
                set_current(self._root, account, wanted.version)
                logger.info("adapter %s is in service", wanted.name)
                return [wanted.name]
        return [] if wanted else self._flip_to_base(account, current)

    def _follow(self, serving: AdapterCard) -> None:
        """Take what another process has put in service, and the engine has, though it was refused to this one before.

        Else each would change what the other has changed.
        """
        is_meant = serving.is_approved and not is_withdrawn(self._root, serving.account, serving.version)
        if is_meant and self._choice.why_refused(serving) and serving.name in self._loader.names():
            self._refusals.forget(serving.name)

    def _flip_to_base(self, account: str, current: int | None) -> list[str]:
        """Let the base model write, where that is what the account's owner wants."""
        if current is None or not is_withdrawn(self._root, account, current):
            return []
        clear_current(self._root, account)
        logger.info("the base model writes for account %s", account)
        return [self._base]

    def _has(self, card: AdapterCard) -> bool:
        """See to it that the engine has an adapter; if it cannot, note why."""
        path = folder(self._root, card.account, card.version)
        if self._find(card.name):  # without the lock: drafts do not wait for another adapter that is loading
            return True
        with self._loading:
            if self._choice.why_refused(card):
                return False
            try:
                if not self._find(card.name):
                    self._load(card.name, path)
            except EngineDown:
                raise
            except CyranoError as error:
                self._refusals.note(card.name, path, f"{error} {error.hint}".strip())
                logger.warning("adapter %s cannot be served: %s", card.name, error)
                return False
        return True

    def _find(self, name: str) -> bool:
        """Tell whether the engine has an adapter that answered to this keeper; note where it was started anew."""
        if name not in self._probed:
            return False
        if name in self._loader.names():
            return True
        self._probed.clear()  # the engine was started anew
        self._refusals.engine_is_new()
        return False

    def _load(self, name: str, path: Path) -> None:
        """Load an adapter that was looked at, and see that it answers."""
        read_card(path)
        is_known = name in self._loader.names()  # what does not answer by now did not end of this adapter
        try:
            if not is_known:
                self._loader.put(name, path)
            self._server.probe(name)
        except EngineLost:
            self._refusals.note_death(name, path)
            raise
        except EngineDown:
            raise
        except EngineError:
            self._loader.remove(name)
            raise
        self._probed.add(name)
        self._refusals.forget(name)

    @contextmanager
    def _doubted(self, name: str) -> Iterator[None]:
        """An engine that does not know an adapter after all is to be asked anew for it before the next draft."""
        try:
            yield
        except ModelMissing:
            self._probed.discard(name)
            raise

    def _note_problems(self, account: str) -> None:
        """Say anew what is wrong with an account's adapters."""
        serving = self._choice.pointed(account)
        is_final = serving is not None and not is_withdrawn(self._root, account, serving.version)
        least = serving.version if serving and is_final and not self._choice.why_refused(serving) else 0
        found = reasons(self._root, account, least, unfit=self._fitness.unfit, why_refused=self._choice.why_refused)
        notices = {notice.about: notice for notice in found}
        if stuck := self._stuck.get(account):
            notices[stuck[0]] = stuck_notice(account, stuck[1])
        self._notices[account] = notices

    def _unload_unused(self) -> None:
        """Unload what was replaced, once nobody needs it any more."""
        for name in self._loader.names():
            if not self._is_replaced(name):
                self._drain.forget(name)
            elif self._drain.may_go(name):
                self._loader.remove(name)
                self._probed.discard(name)
                self._drain.forget(name)
                logger.info("adapter %s is unloaded", name)

    def _is_replaced(self, name: str) -> bool:
        """Tell whether an adapter made place for another, may not write any more, or its account is gone."""
        parts = NAME.fullmatch(name)
        if parts is None:
            return False
        account, version = parts["account"], int(parts["version"])
        if not (self._root / account).is_dir() or self._choice.is_barred(account, version):
            return True
        # What is wanted is perhaps just being loaded, by another process too.
        wanted = target(self._root, account, is_usable=self._choice.may_write)
        return version != current_version(self._root, account) and (wanted is None or version != wanted.version)
