"""Whether Google calls, and for whom: the two tokens of a request, verified with google-auth.

The system token says that Google's add-on service calls this very address; the user token says who sits before Gmail.

The rules this module keeps:
1. Nothing of a request counts before both tokens were verified: signed by one of Google's keys with RS256, for exactly
   this audience, in time (10 seconds of difference between clocks), issued by Google, with a verified address.
2. The system token's address is the configured service account; the user token's is of a mailbox that Google hosts.
3. Whoever is refused here learns that, and not why; the log has a word for it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from google.auth import jwt
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from service.addon.certificates import Certificates
from service.addon.settings import AddonSettings
from service.problems import NotAllowed

SKEW_S = 10
ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
ALGORITHM = "RS256"
LONGEST_LIFE_S = 86_400
"""Google's live an hour; how long a request is remembered as seen hangs on it."""
_LONGEST_TOKEN = 8192
_WORDS = {
    "expired": "expired",
    "too early": "too-early",
    "audience": "audience",
    "Certificate for key": "unknown-key",
    "signature": "signature",
}
"""What google-auth says, and our word for it; the first that fits."""
_GOOGLES_OWN = ("@gmail.com", "@googlemail.com")

Claims = Mapping[str, Any]


class Refused(NotAllowed):
    """A request of which it is not sure that Google sent it for the person it names. `word` is for the log."""

    def __init__(self, word: str) -> None:
        hint = "Google alone asks here. If it is Google that is refused, the log says why: see deploy/addon/README.md."
        super().__init__("This request is not one of Google's for a person known here.", hint=hint)
        self.word = word


class Tokens:
    """Verifies the tokens of the add-on's requests."""

    def __init__(
        self, settings: AddonSettings, certificates: Certificates, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._certificates = certificates
        self._clock = clock

    def check_system(self, token: str, endpoint: str) -> Claims:
        """Return the claims of a token that says: Google calls this address.

        Args:
            token: As it came.
            endpoint: The whole address that is asked, as Google was told it.

        Raises:
            Refused: it does not say so.
            Unreachable: Google's keys cannot be had.
        """
        claims = self._verified(token, endpoint)
        if claims["email"] != self._settings.service_account:
            raise Refused("service-account")
        return claims

    def check_user(self, token: str) -> Claims:
        """Return the claims of a token that says who sits before Gmail; `email` is verified.

        Raises:
            Refused, Unreachable: see `check_system`.
        """
        claims = self._verified(token, self._settings.client_id)
        if not _is_googles(claims):
            raise Refused("not-googles-address")
        return claims

    def age_s(self, claims: Claims) -> int:
        """Return how long ago a token was issued."""
        return round(self._clock() - float(claims["iat"]))

    def _verified(self, token: str, audience: str) -> Claims:
        _check_form(token)
        try:
            # Whatever google-auth cannot read it refuses by ValueError; TypeError and KeyError are for what it did not
            # expect: numbers that are text, say.
            claims: Claims = id_token.verify_token(
                token, self._certificates, audience=audience, clock_skew_in_seconds=SKEW_S
            )
        except (ValueError, GoogleAuthError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Refused(_word(error)) from None  # the cause quotes the token
        self._check_claims(claims, audience)
        return claims

    def _check_claims(self, claims: Claims, audience: str) -> None:
        """Check what google-auth leaves to us, and the types of what it looked at."""
        if not all(type(claims.get(name)) is int for name in ("iat", "exp")):
            raise Refused("times")
        if not 0 < claims["exp"] - claims["iat"] <= LONGEST_LIFE_S:
            raise Refused("lifetime")
        if "nbf" in claims and not (type(claims["nbf"]) is int and claims["nbf"] <= self._clock() + SKEW_S):
            raise Refused("not-yet")
        if claims.get("iss") not in ISSUERS:
            raise Refused("issuer")
        if claims.get("aud") != audience:
            raise Refused("audience")
        if not isinstance(claims.get("email"), str) or claims.get("email_verified") is not True:
            raise Refused("email-unverified")


def signed(token: str) -> bytes:
    """Return the part of a token that its signature holds fast; the signature itself can be written in several ways."""
    return token.rpartition(".")[0].encode()


def _check_form(token: str) -> None:
    if not token or len(token) > _LONGEST_TOKEN:
        raise Refused("no-token" if not token else "too-long")
    try:
        header = jwt.decode_header(token)  # type: ignore[no-untyped-call]
    except (ValueError, GoogleAuthError, TypeError, RecursionError):
        raise Refused("unreadable") from None
    # Said first and by us, so that no later version of a library widens what is good.
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise Refused("algorithm")


def _is_googles(claims: Claims) -> bool:
    """Whether Google hosts the mailbox. Another address was checked once, by a mail, and may have a new owner since."""
    domain = claims.get("hd")
    return claims["email"].lower().endswith(_GOOGLES_OWN) or (isinstance(domain, str) and bool(domain))


def _word(error: Exception) -> str:
    """Return a word for the log; the library's own words quote the token."""
    said = str(error)
    return next((word for part, word in _WORDS.items() if part in said), "bad")
