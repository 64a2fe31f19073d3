"""The page Browsers: letting a browser in by a code, and the tokens there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, request

from service.access.asking import allowed_by
from service.access.pairing import GOOD_FOR, TRIES, State
from service.access.scopes import Scope
from service.access.tokens import Access, TokenRow
from service.parts import Parts
from service.web.fragments import fragment, told

USES_DAYS = 30
_ENDED = {
    State.USED: "Paired. The browser can ask for drafts now.",
    State.TRIED: f"The code was typed wrong {TRIES} times, and is good no more. Make a new one.",
    State.OVER: "The code has run out. Make a new one.",
    State.REPLACED: "A newer code took the place of this one.",
}
_MAY = {
    Scope.DRAFT: "asks for drafts",
    Scope.READ: "sees drafts, mail and numbers",
    Scope.MANAGE: "does what the buttons here do",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token, as its owner sees it."""

    row: TokenRow
    uses: int
    """How often it was let in during the last `USES_DAYS` days."""
    is_this: bool
    """Whether this very page shows it."""

    @property
    def may(self) -> str:
        """What it is good for, in words."""
        words = [_MAY[scope] for scope in self.row.scopes]
        return ", ".join(words) or "nothing"


def make_browsers_page(parts: Parts) -> Blueprint:
    """Return the page's fragments and what its buttons do."""
    page = Blueprint("browsers_page", __name__)
    allowed = allowed_by(parts)

    @page.get("/console/browsers")
    def browsers() -> str:
        return fragment("browsers", held=_held(parts, allowed()), days=USES_DAYS)

    @page.post("/console/browsers/pair")
    def pair() -> str:
        made = parts.pairings.make([allowed().account])
        return fragment("code", made=made, seconds=int(GOOD_FOR.total_seconds()))

    @page.get("/console/browsers/pairing")
    def pairing() -> Response:
        allowed()
        state = parts.pairings.state(request.args.get("key", ""))
        if state is State.LIVE:
            return make_response("", 204)  # nothing is new
        return told("", words=_ENDED[state], has_changed=state is State.USED)

    @page.post("/console/browsers/revoke")
    def revoke() -> Response:
        count = parts.tokens.revoke_one(allowed().account, request.form.get("handle", ""))
        words = "Revoked: it opens nothing any more." if count else "It was revoked already."
        return told("", words=words, has_changed=True)

    return page


def _held(parts: Parts, access: Access) -> Sequence[Held]:
    """Return the account's tokens, the newest first."""
    uses = parts.audit.uses(access.account, days=USES_DAYS)
    return [
        Held(row=row, uses=uses.get((row.label, row.origin), 0), is_this=row.handle == access.handle)
        for row in reversed(parts.tokens.list(access.account))
    ]
