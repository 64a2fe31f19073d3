"""The part of the composition root that joins the watcher of one mailbox: see `service.app`."""

from functools import partial
from typing import TYPE_CHECKING

from connectors.account import AccountRecord
from connectors.composing.signature import SIGNATURE_MAILS, choose_signature
from connectors.forgotten import forgotten
from service.health import Health, Part
from service.watching.watch import Watcher, WatchStatus

if TYPE_CHECKING:
    from service.app import App


def join_watcher(app: "App", record: AccountRecord) -> Watcher | None:
    """Return what watches an account's mailbox, or None where there is nothing to watch."""
    settings = app.settings.watch_of(record.name)
    if settings.trigger != "all":
        app.ledger.drop_arrival(record.name)
    if settings.trigger == "off" or not app.mailboxes.has_drafts(record):
        return None
    compose = app.settings.compose_of(record.name)
    return Watcher(
        record,
        settings,
        connect=lambda: app.mailboxes.open_mailbox(record, folder=settings.folder),
        ledger=app.ledger,
        drafter=app.drafter,
        compose=compose,
        signature=lambda: choose_signature(
            compose, lambda: app.archive.signatures(record.name, newest=SIGNATURE_MAILS)
        ),
        report=partial(_note, app.health),
        # Asked anew for each mail: it may be forgotten while this runs.
        is_forgotten=lambda email: forgotten(app.archive.engine, record.name)(email),  # noqa: PLW0108
    )


def _note(health: Health, status: WatchStatus) -> None:
    health.note(
        status.account,
        Part.WATCH,
        status.state,
        waiting=status.waiting,
        report=status.held,
        error=status.error,
        hint=status.hint,
    )
