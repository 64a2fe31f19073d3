"""Checks of each part, each with what to do where it is not well."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from connectors.account import AccountRecord
from connectors.errors import CyranoError, EngineError, StoreBusy, StoreError
from service.app import App
from service.disk import free_mb
from service.engine.prepare import prepare

MIN_FREE_GB = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found. `hint` says what to do where the part is not well."""

    part: str
    is_well: bool
    words: str
    hint: str = ""


def examine(app: App) -> Iterator[Finding]:
    """Check every part, and yield what is found at once."""
    yield _found("home", lambda: f"all state lies under {app.home}")
    yield _found("disk", lambda: _check_disk(app))
    yield _found("archive", lambda: _check_archive(app))
    yield _found("index", lambda: _check_index(app))
    yield _found("engine", lambda: _check_engine(app))
    yield _found("trainer", _check_trainer)
    try:
        records = app.archive.accounts()
    except CyranoError:
        return
    for record in records:
        yield _found(f"account {record.name}", partial(_check_account, app, record.name))
        if app.settings.watch_of(record.name).trigger != "off" and app.mailboxes.has_drafts(record):
            yield _found(f"drafts {record.name}", partial(_check_drafts, app, record))


def _found(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part=part, is_well=True, words=check())
    except CyranoError as error:
        return Finding(part=part, is_well=False, words=str(error), hint=error.hint)


def _check_disk(app: App) -> str:
    free = free_mb(app.home) / 1000
    if free < MIN_FREE_GB:
        raise StoreError(f"Only {free:.1f} GB are free.", hint="Models and adapters need more: free some space.")
    return f"{free:.0f} GB free"


def _check_archive(app: App) -> str:
    counts = [app.archive.count(record.name) for record in app.archive.accounts()]
    return f"{len(counts)} accounts, {sum(count.total for count in counts)} mails"


def _check_index(app: App) -> str:
    try:
        with app.hold():
            indexed = sum(app.retriever.count(record.name) for record in app.archive.accounts())
    except StoreBusy:
        return "in use by a running Cyrano"
    return f"{indexed} mails"


def _check_engine(app: App) -> str:
    engine = app.settings.engine
    if engine.url:
        return f"{engine.url} serves {', '.join(app.model_server.models())}"
    prepare(engine)
    return f"vLLM is installed, the model is {engine.model}"


def _check_trainer() -> str:
    missing = [name for name in ("peft", "transformers", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        hint = "pip install 'cyrano-mail[train]'"
        raise EngineError(f"Training needs {', '.join(missing)}.", hint=hint)
    return "torch, transformers and peft are installed"


def _check_account(app: App, name: str) -> str:
    account = app.mailboxes.open_account(app.archive.account(name))
    try:
        cursor = app.archive.cursor(name)
        waiting = account.count_since(cursor)
        if waiting is None:
            next(account.sent_since(cursor), None)  # a file that cannot be counted may not even be there
    finally:
        account.close()
    return "can be read" if waiting is None else f"can be read, {waiting} mails to bring in"


def _check_drafts(app: App, record: AccountRecord) -> str:
    """Look into Drafts, and where mail that wants a draft is found; nothing is changed there."""
    settings = app.settings.watch_of(record.name)
    with closing(app.mailboxes.open_mailbox(record, folder=settings.folder)) as mailbox:
        mailbox.arrivals(settings.trigger, None)
        return f"{len(mailbox.drafts())} there"
