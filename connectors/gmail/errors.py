"""What Google's refusals mean, in this program's own words, and which of them pass by themselves."""

import json
from dataclasses import dataclass

from connectors.errors import AccountError, AuthError, Unreachable

_TOO_MUCH = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RESOURCE_EXHAUSTED"}
_NOT_ALLOWED = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_TOLD_BY_REASON: tuple[tuple[set[str], type[AccountError], str, str], ...] = (
    (
        {"accessNotConfigured", "SERVICE_DISABLED"},
        AuthError,
        "The Gmail API is switched off in the Google project that the client file is from.",
        "Switch it on at https://console.cloud.google.com/apis/library/gmail.googleapis.com, and wait some minutes.",
    ),
    (
        {"domainPolicy"},
        AuthError,
        "The organisation this mailbox belongs to does not allow Cyrano.",
        "Ask its administrator to allow the client that your client file names.",
    ),
    (
        {"failedPrecondition"},
        AuthError,
        "Gmail is not switched on for this Google account.",
        "Sign in at https://mail.google.com once, or name another account.",
    ),
    (
        {"dailyLimitExceeded"},
        Unreachable,
        "The Google project has used up its quota for today.",
        "It goes on by itself tomorrow.",
    ),
)
_LONGEST_WORDS = 200

NOT_FOUND = 404
UNAUTHORISED = 401
_TIMEOUT, _TOO_MANY, _SERVER_ERROR = 408, 429, 500


class ServerFailed(Unreachable):
    """Google answers, but not to this. It never leaves the Gmail modules other than as Unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not what was asked for."""

    status: int
    reasons: frozenset[str]
    """Google's own short names for it; often more than one."""
    words: str
    """Google's own sentence, for a person."""
    retry_after_s: float = 0.0

    @property
    def is_too_much(self) -> bool:
        """Whether it is about how much was asked. 403 says so as often as 429."""
        return self.status == _TOO_MANY or bool(self.reasons & _TOO_MUCH)

    @property
    def is_passing(self) -> bool:
        """Whether the same call may well succeed a little later."""
        return self.is_too_much or self.status == _TIMEOUT or self.status >= _SERVER_ERROR


def read_refusal(status: int, body: bytes, retry_after: str = "") -> Refusal:
    """Read an answer's error; what is no JSON has no reasons."""
    try:
        error = json.loads(body)["error"]
        reasons = {str(each.get("reason", "")) for key in ("errors", "details") for each in error.get(key, ())}
        reasons.add(str(error.get("status", "")))
        words = str(error.get("message", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        reasons, words = set(), ""
    wait = retry_after.strip()
    return Refusal(
        status=status,
        reasons=frozenset(reasons),
        words=" ".join(words.split())[:_LONGEST_WORDS],
        retry_after_s=float(wait) if wait.isdecimal() else 0.0,
    )


def translate(refusal: Refusal, account: str) -> AccountError:
    """Say what a refusal means for the owner of an account, and what they can do."""
    if refusal.status == UNAUTHORISED:
        return AuthError("Google takes Cyrano's access token no more.", hint=_again(account))
    if refusal.reasons & _NOT_ALLOWED:
        return AuthError("The consent given to Cyrano does not cover this.", hint=_again(account))
    for reasons, kind, words, hint in _TOLD_BY_REASON:
        if refusal.reasons & reasons:
            return kind(words, hint=hint)
    if refusal.is_too_much:
        hint = "It goes on by itself. If this happens often, lower units_per_minute in the section [gmail]."
        return Unreachable("Google says that too much was asked of this mailbox.", hint=hint)
    if refusal.is_passing:
        return ServerFailed(f"Google cannot answer now (status {refusal.status}).", hint="Try again in a while.")
    said = f": {refusal.words}" if refusal.words else "."
    return AccountError(f"Google refused with status {refusal.status}{said}", hint="Try again in a while.")


def _again(account: str) -> str:
    return f"Give consent again: cyrano account login {account}"
