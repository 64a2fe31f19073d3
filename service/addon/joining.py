"""Joins what the add-on is made from, from the parts of the application."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from service.access.limits import drafts_pace
from service.addon.certificates import Certificates
from service.addon.jobs import Jobs
from service.addon.parts import AddonParts
from service.addon.replays import Replays
from service.addon.tokens import Tokens
from service.notices import Notice

if TYPE_CHECKING:
    from service.app import App


def join_addon(app: "App", *, notices: Callable[[str], Sequence[Notice]]) -> AddonParts:
    """Return what the add-on is joined from."""
    settings, http, ledger = app.settings.addon, app.settings.http, app.ledger

    def has_draft(account: str, draft_id: str) -> bool:
        row = ledger.get(draft_id)
        return row is not None and row.account == account

    return AddonParts(
        settings=settings,
        tokens=Tokens(settings, Certificates()),
        jobs=Jobs(at_once=http.drafts_at_once, keep_s=settings.keep_minutes * 60),
        pace=drafts_pace(http.drafts_per_minute),
        drafter=app.drafter,
        accounts=app.archive.accounts,
        adapter=app.adapters.in_service,
        notices=notices,
        has_draft=has_draft,
        feedback=app.feedback,
        replays=Replays(app.archive.engine),
    )
