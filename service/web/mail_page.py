"""The page Mail: what is learned from, what is not and why, and taking a mail out.

What is sought, and which mail is meant, comes in the body of a request: addresses of requests stand in logs.
"""

from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, Response, request

from connectors.archive_search import Search, Where, Which
from service.access.asking import allowed_by
from service.desk import Desk
from service.parts import Parts
from service.web.fragments import fragment, told
from service.web.words import plural

MOST_LETTERS = 200
"""As long as what is sought may be."""

_Choice = TypeVar("_Choice", bound=StrEnum)


def make_mail_page(parts: Parts, desk: Desk) -> Blueprint:
    """Return the page's fragments and what its buttons do."""
    page = Blueprint("mail_page", __name__)
    allowed = allowed_by(parts)

    @page.post("/console/mail")
    def mails() -> str:
        account = allowed().account
        sought = _sought()
        found = desk.search(account, sought)
        return fragment("mails", sought=sought, found=found, stock=desk.stock(account), which=Which)

    @page.post("/console/mail/out")
    def take_out() -> Response:
        account = allowed().account
        knowing = desk.take_out(account, request.form.get("message_id", ""))
        words = "Taken out: nothing new will learn from it."
        if knowing:
            count = plural(len(knowing), "adapter knows", "adapters know")
            words += f" {count} it still: {', '.join(knowing)}. Train again, and a new one takes their place."
        return told(fragment("taken_out", knowing=knowing), words=words)

    return page


def _sought() -> Search:
    form = request.form
    which = _choose(Which, form.get("which"), Which.LEARNED)
    return Search(
        words=form.get("words", "")[:MOST_LETTERS],
        where=_choose(Where, form.get("where"), Where.ANYWHERE),
        which=which,
        reason=form.get("reason", "") if which is Which.LEFT_OUT else "",
        page=max(0, form.get("page", 0, type=int)),
    )


def _choose(kind: type[_Choice], value: str | None, otherwise: _Choice) -> _Choice:
    """Return what was chosen; what the page does not offer counts as not chosen."""
    return kind(value) if value in set(kind) else otherwise
