"""The door of the web application: what holds for every request before anybody looks at it, and for every answer."""

from typing import Any

from flask import Flask, Response, g, request

from service.access.audit import ELSEWHERE, OK, Use
from service.access.origins import is_extension, is_own, is_renamed, refuse
from service.access.tokens import Access
from service.http import HttpSettings
from service.parts import Parts

API = "1"
"""The version of the interface. Clients that speak another one, or miss it, can say so in plain words."""
PAIR = "/pair"

EVERYWHERE = {"Cyrano-Api": API, "Vary": "Origin"}
_ALLOWS = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
_SHOWN = "Cyrano-Api, Retry-After"
_ACTION_LETTERS = 32
_ABOUT_ACCESS = frozenset({401, 403, 421, 429})


def keep_door(app: Flask, parts: Parts, settings: HttpSettings) -> None:
    """See to it that pages of other sites get nothing, and that it is written down who was let in."""

    @app.before_request
    def look_at_origin() -> Response | None:
        origin = request.headers.get("Origin")
        g.is_console = origin is not None and is_own(origin, request.host, port=settings.port)
        if origin is None or g.is_console:
            return None
        if not (parts.tokens.is_bound(origin) or (request.path == PAIR and is_extension(origin))):
            fetched_from = request.headers.get("Sec-Fetch-Site", "")
            raise refuse(is_renamed=is_renamed(origin, fetched_from, settings.allowed_hosts))
        g.lets_in = origin
        return Response(status=204, headers=_ALLOWS) if request.method == "OPTIONS" else None

    @app.after_request
    def let_out(response: Response) -> Response:
        response.headers.update(EVERYWHERE)
        if origin := g.get("lets_in", ""):
            response.headers.update({"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _SHOWN})
        if use := _use(g.get("access"), response.status_code):
            parts.audit.note(use)
        response.call_on_close(parts.audit.settle)
        return response


def note_refusal(kind: str) -> None:
    """Remember the kind of problem a request ends in."""
    g.refusal = kind


def action() -> str:
    """Return what was asked for, in the words of the audit."""
    return f"{request.method} {_plain(request.url_rule.rule)}"[:_ACTION_LETTERS] if request.url_rule else ELSEWHERE


def _use(access: Access | None, status: int) -> Use | None:
    """Return what the audit counts: what a token was shown for, and strangers who were refused."""
    outcome = g.get("refusal", OK)
    if access:
        told: dict[str, Any] = {"account": access.account, "label": access.label, "origin": access.origin}
        return Use(action=action(), outcome=outcome, **told)
    return Use(action=action(), outcome=outcome, origin=_stranger()) if status in _ABOUT_ACCESS else None


def _stranger() -> str:
    """Say from where a stranger asks; what anybody can make up is not repeated."""
    return "" if g.get("is_console") or request.headers.get("Origin") is None else ELSEWHERE


def _plain(rule: str) -> str:
    """Write /drafts/<draft_id>/feedback as /drafts/*/feedback."""
    return "/".join("*" if part.startswith("<") else part for part in rule.split("/"))
