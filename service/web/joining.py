"""Joins what the HTTP service is made from, from the parts of the application."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from service.forget import retrain_note
from service.parts import Parts

if TYPE_CHECKING:
    from service.addon.parts import AddonParts
    from service.app import App


def join_parts(app: "App") -> Parts:
    """Return what the HTTP service is joined from."""

    def notices(account: str) -> Sequence[str]:
        said = [words for name, words in app.adapters.problems.items() if name.startswith(f"{account}@")]
        note = retrain_note(app.adapters_root, account, is_strict=app.settings.forget.strict)
        return [*said, *filter(None, (note, app.notifier.problems.get(account)))]

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


def _addon(app: "App", notices: Callable[[str], Sequence[str]]) -> "AddonParts":
    from service.addon.joining import join_addon  # noqa: PLC0415  brings google-auth along

    return join_addon(app, notices=notices)
