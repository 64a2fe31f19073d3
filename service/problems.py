"""Errors on the wire: problem+json (RFC 9457). The one place where an HTTP status is chosen.

CyranoError
└── RequestError            the request itself is at fault
    ├── NotJson             the body cannot be read
    ├── NotAllowed          no token, or not one we know
    ├── WrongAccount        a token for another account
    ├── WrongHost           the Host header names another service
    ├── WrongOrigin         the page or extension that asks is none this token, or any, was made for
    ├── WrongScope          the token is good, for other things
    ├── PairingRefused      the code is wrong, used, or too old
    ├── NoSuchDraft         no draft of the account has this id
    ├── InvalidBody         the body is JSON, but not what is asked for; `faults` says where
    ├── TooManyDrafts       whoever asks has as many drafts in the making as they may
    └── TooFast             asked for too often; `retry_after_s` says when there is room again
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug import exceptions as http
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from connectors import errors as e
from connectors.reason import Reason

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
URN = "urn:cyrano:"
"""What a problem's type begins with; its kind follows."""
RETRY_AFTER_S = 2


class RequestError(e.CyranoError):
    """What was asked for cannot be done as it was asked."""


class NotJson(RequestError):
    """The body is not JSON."""


class NotAllowed(RequestError):
    """There is no token, or none we know."""


class WrongAccount(RequestError):
    """The token is good, for another account."""


class WrongHost(RequestError):
    """The request was meant for another service."""


class WrongOrigin(RequestError):
    """The page or extension that asks is not the one a token was made for."""


class WrongScope(RequestError):
    """The token is good, for other things."""


class PairingRefused(RequestError):
    """The code is wrong, used, or too old."""


class NoSuchDraft(RequestError):
    """No draft of the account has this id."""


class InvalidBody(RequestError):
    """The body is not what is asked for."""

    def __init__(
        self, message: str, *, hint: str = "", faults: Sequence[dict[str, str]] = (), reason: Reason | None = None
    ) -> None:
        super().__init__(message, hint=hint, reason=reason)
        self.faults = faults


class TooManyDrafts(RequestError):
    """Whoever asks has as many drafts in the making as they may."""


class TooFast(RequestError):
    """It was asked for too often."""

    def __init__(self, message: str, *, hint: str = "", retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as it goes out."""

    status: int
    kind: str
    title: str
    detail: str
    hint: str = ""
    reason: str = ""
    """What exactly it was, where the kind does not say; one of `connectors.reason`."""
    about: str = ""
    """What the reason names."""
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the members RFC 9457 names, `hint`, `reason`, `about`, and what the kind adds."""
        known = {"type": f"{URN}{self.kind}", "title": self.title, "status": self.status, "detail": self.detail}
        more = {"hint": self.hint, "reason": self.reason, "about": self.about}
        return known | {name: value for name, value in more.items() if value} | self.extra


# The most exact class counts: an error is looked up by its own class, then by those it derives from.
_KINDS: dict[type[e.CyranoError], tuple[int, str, str]] = {
    NotJson: (400, "not-json", "The body is not JSON"),
    NotAllowed: (401, "not-allowed", "Not allowed"),
    WrongAccount: (403, "wrong-account", "The token is for another account"),
    WrongHost: (421, "wrong-host", "Not this service"),
    WrongOrigin: (403, "wrong-origin", "Not for this page"),
    WrongScope: (403, "wrong-scope", "The token is for other things"),
    PairingRefused: (403, "pairing-refused", "The code is not good"),
    NoSuchDraft: (404, "no-such-draft", "There is no such draft"),
    InvalidBody: (422, "invalid-body", "The body is not what is asked for"),
    TooManyDrafts: (429, "too-many-drafts", "Too many drafts at once"),
    TooFast: (429, "too-fast", "Too many requests"),
    e.UsageError: (400, "usage", "This cannot be done as asked"),
    e.ConfigError: (500, "config", "The configuration is wrong"),
    e.PromptTooLong: (422, "prompt-too-long", "The instruction is too long"),
    e.AccountError: (502, "mailbox", "The mailbox does not answer as it should"),
    e.EngineDown: (503, "engine-down", "The model server is not ready"),
    e.ModelMissing: (503, "model-missing", "The model is not loaded"),
    e.EngineError: (502, "engine", "The model server answered with an error"),
    e.StoreBusy: (503, "store-busy", "The database is busy"),
    e.StoreError: (500, "store", "The database failed"),
    e.CyranoError: (500, "error", "Something went wrong"),
}


_INTERNAL = ("internal", "Something went wrong")


def types() -> dict[str, str]:
    """Return every kind of problem that is answered, with its title."""
    ours = {kind: title for _, kind, title in _KINDS.values()}
    return ours | {_named(error): error().name for error in _FROM_HTTP} | dict([_INTERNAL])


def describe_types() -> str:
    """Return all kinds with their titles, for the interface's description."""
    return " ".join(f'"{kind}": {title}.' for kind, title in types().items())


def problem(error: Exception) -> Problem:
    """Say any error in the form of a problem. What is not meant for people says nothing of its inside."""
    if isinstance(error, e.CyranoError):
        return _known(error)
    if isinstance(error, HTTPException):
        return _http(error)
    # Where, not what: the message of a foreign exception may quote mail.
    logger.error("unexpected %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    hint = "This is a mistake in Cyrano; its log says where."
    kind, title = _INTERNAL
    return Problem(status=500, kind=kind, title=title, detail="An unexpected error.", hint=hint)


def _known(error: e.CyranoError) -> Problem:
    status, kind, title = next(_KINDS[each] for each in type(error).__mro__ if each in _KINDS)
    extra: dict[str, Any] = {"faults": list(error.faults)} if isinstance(error, InvalidBody) else {}
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, NotAllowed) else {}
    if status in {429, 503}:
        wait_s = error.retry_after_s if isinstance(error, e.EngineDown | TooFast) else RETRY_AFTER_S
        extra["retry_after_s"] = wait_s
        headers["Retry-After"] = str(wait_s)
    return Problem(
        status=status,
        kind=kind,
        title=title,
        detail=str(error),
        hint=error.hint,
        reason=error.reason or "",
        about=error.about,
        extra=extra,
        headers=headers,
    )


_FROM_HTTP = (
    http.BadRequest,
    http.NotFound,
    http.MethodNotAllowed,
    http.RequestEntityTooLarge,
    http.UnsupportedMediaType,
    http.InternalServerError,
)
"""What the web framework raises, and our routes with it."""
_HINTS = {
    404: "The addresses are listed in /openapi.json.",
    405: "/openapi.json says how each address is asked.",
    413: "Send less of the thread, or raise [http] max_body_kb.",
    415: "Send JSON, with the header Content-Type: application/json.",
}


def _http(error: HTTPException) -> Problem:
    status = error.code or 500
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    return Problem(
        status=status,
        kind=_named(error),
        title=error.name,
        detail=error.description or error.name,
        hint=_HINTS.get(status, ""),
        headers={"Allow": ", ".join(methods)} if methods else {},
    )


def _named(error: HTTPException | type[HTTPException]) -> str:
    made = error() if isinstance(error, type) else error
    return made.name.lower().replace(" ", "-")
