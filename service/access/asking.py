"""Who asks: the one way from a request to what it may do."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import g, request

from service.access.limits import Pace
from service.access.origins import check_origin
from service.access.scopes import Scope, check_scope, scope_of
from service.access.tokens import Access, Tokens, id_of, shown_token
from service.problems import NotAllowed

if TYPE_CHECKING:
    from service.parts import Parts

Allowed = Callable[[], Access]


def allowed_by(parts: "Parts", scope: Scope | None = None) -> Allowed:
    """Return what says who asks, and refuses who may not.

    Args:
        parts: Where tokens are known.
        scope: What the token must be made for; None goes by the method: to look is to read, all else to manage.
    """

    def allowed() -> Access:
        access = _known(parts.tokens, parts.wrong_tokens)
        g.access = access
        origin, is_console = request.headers.get("Origin"), g.get("is_console", False)
        check_origin(access, origin, is_console=is_console, method=request.method)
        check_scope(access.scopes, scope or scope_of(request.method))
        return access

    return allowed


def wrong_tokens_pace() -> Pace:
    """Return how many tokens that are none one address may show. It slows no one down who has a good one.

    The same one again counts once: a browser whose token was revoked is told so however often it asks.
    """
    hint = "Make a new token, and let the program with the old one go: cyrano token create --label NAME"
    return Pace(30, 60.0, what="wrong tokens", hint=hint)


def address() -> str:
    """Return where the request comes from, as far as that is seen here."""
    return request.remote_addr or ""


def _known(tokens: Tokens, wrong_tokens: Pace) -> Access:
    header = request.headers.get("Authorization")
    try:
        return tokens.check(header)
    except NotAllowed:
        # Any page can ask without a token: that must use nothing up for those behind the same address.
        if token := shown_token(header):
            wrong_tokens.take(address(), id_of(token))
        raise
