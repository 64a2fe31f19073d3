"""Joins what the HTTP service is made from, from the parts of the application."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from service.forget import retrain_notice
from service.notices import Notice, NoticeKind
from service.parts import Parts

if TYPE_CHECKING:
    from service.addon.parts import AddonParts
    from service.app import App


def join_parts(app: "App") -> Parts:
    """Return what the HTTP service is joined from."""

    def notices(account: str) -> Sequence[Notice]:
        found = [*app.adapters.notices(account)]
        if note := retrain_notice(app.adapters_root, account, is_strict=app.settings.forget.strict):
            found.append(note)
        if untold := app.notifier.problems.get(account):
            found.append(Notice(kind=NoticeKind.UNTOLD, about=account, text=untold))
        return found

    def check_engine() -> None:
        app.rests.check()
        app.model_server.models()

    def check_index() -> None:
        for record in app.archive.accounts():
            app.retriever.count(record.name)

    return Parts(
        drafter=app.drafter,
        ledger=app.ledger,
        tokens=app.tokens,
        pairings=app.pairings,
        audit=app.audit,
        health=app.health,
        outcomes=app.outcomes,
        feedback=app.feedback,
        account=app.archive.account,
        adapter=app.adapters.in_service,
        notices=notices,
        desk=app.desk,
        checks={"archive": app.archive.accounts, "index": check_index, "engine": check_engine},
        addon=_addon(app, notices) if app.settings.addon.enabled else None,
    )


def _addon(app: "App", notices: Callable[[str], Sequence[Notice]]) -> "AddonParts":
    from service.addon.joining import join_addon  # noqa: PLC0415  brings google-auth along

    return join_addon(app, notices=notices)
