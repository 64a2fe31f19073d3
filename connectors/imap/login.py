"""Logging in to an IMAP server, with a password or with a token, and what a refusal means.

A token goes by OAUTHBEARER (RFC 7628) where the server has it, else by XOAUTH2, which Google and Microsoft made before
there was a standard. Neither ever goes over a connection that others can read: `open_session` sees to that.
"""

import imaplib
import json
import logging
from collections.abc import Callable

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from connectors.errors import AccountError, AuthError, Unreachable
from connectors.oauth.tokens import Credential, TokenSource

logger = logging.getLogger(__name__)

_SAID_OF_THE_SERVER = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "Too many simultaneous connections")
"""Refusals that have nothing to do with the password; the last is Gmail's."""


def log_in(client: IMAPClient, user: str, credential: Credential) -> None:
    """Log in.

    Raises:
        AuthError: there is no token to be had, or the server takes none; a refused password is a LoginError still.
        Unreachable: the server cannot log anybody in now.
        LoginError: for `login_refused`.
    """
    if isinstance(credential, str):
        _log_in_with_password(client, user, credential)
    else:
        _log_in_with_token(client, user, credential)


def login_refused(server: str, error: LoginError) -> AccountError:
    """Return what a refusal means for its account."""
    if _is_busy(error):
        return Unreachable(f"{server} cannot log anybody in now.", hint="Try again in a while.")
    if "[PRIVACYREQUIRED]" in str(error):
        hint = "Use --security tls or --security starttls."
        return AuthError(f"{server} takes no password over a plain connection.", hint=hint)
    hint = (
        "Check user name and password. Where two-step sign-in is on (Gmail, iCloud, Yahoo, …), make an app password "
        "in the account's security settings and use that one."
    )
    return AuthError(f"{server} refused user name or password.", hint=hint)


def _is_busy(error: LoginError) -> bool:
    # imapclient raises LoginError for whatever goes wrong meanwhile, a lost connection included.
    return isinstance(error.__context__, imaplib.IMAP4.abort) or any(code in str(error) for code in _SAID_OF_THE_SERVER)


def _log_in_with_password(client: IMAPClient, user: str, password: str) -> None:
    """Log in; LOGIN takes ASCII only (RFC 3501, 6.2.3), PLAIN any letters (RFC 4616)."""
    if user.isascii() and password.isascii():
        client.login(user, password)
    else:
        client.plain_login(user, password)


def _log_in_with_token(client: IMAPClient, user: str, tokens: TokenSource) -> None:
    """Log in; a token that is refused is exchanged once, since it can end before its time."""
    present = _way_for_tokens(client)
    try:
        present(client, user, tokens.access_token())
    except LoginError as error:
        if _is_busy(error):
            raise
        logger.info("The server refused the token: getting another.")
        try:
            present(client, user, tokens.access_token(fresh=True))
        except LoginError as again:
            if _is_busy(again):
                raise
            raise _token_refused(client.host) from again


def _way_for_tokens(client: IMAPClient) -> Callable[[IMAPClient, str, str], None]:
    if client.has_capability("AUTH=OAUTHBEARER"):
        return _present_by_oauthbearer
    if client.has_capability("AUTH=XOAUTH2"):
        return _present_by_xoauth2
    hint = "Add the account again without --oauth, with an app password."
    raise AuthError(f"{client.host} takes no tokens, only passwords.", hint=hint)


def _present_by_oauthbearer(client: IMAPClient, user: str, token: str) -> None:
    identity = user.replace("=", "=3D").replace(",", "=2C")
    place = f"host={client.host}\x01port={client.port}"
    client.sasl_login("OAUTHBEARER", _Answers(f"n,a={identity},\x01{place}\x01auth=Bearer {token}\x01\x01", "\x01"))


def _present_by_xoauth2(client: IMAPClient, user: str, token: str) -> None:
    client.sasl_login("XOAUTH2", _Answers(f"user={user}\x01auth=Bearer {token}\x01\x01", ""))


class _Answers:
    """What is said to a server: the token, and then that its reasons for refusing it have been read."""

    def __init__(self, first: str, after_refusal: str) -> None:
        self._first = first
        self._after_refusal = after_refusal
        self._is_said = False

    def __call__(self, challenge: bytes) -> str:
        if self._is_said:
            logger.info("The server's reason: %s.", _status(challenge))
            return self._after_refusal
        self._is_said = True
        return self._first


def _status(challenge: bytes) -> str:
    """Return the code a server gives; nothing else of its answer goes into a log."""
    try:
        status = str(json.loads(challenge)["status"])
    except (ValueError, LookupError, TypeError):
        return "not told"
    return status if status.isascii() and status.replace("_", "").isalnum() and len(status) < 40 else "not told"  # noqa: PLR2004


def _token_refused(server: str) -> AuthError:
    hint = (
        "See that IMAP is on for this mailbox, that you signed in with this very account, and that its organisation "
        "allows this program; then sign in again: cyrano account login NAME"
    )
    return AuthError(f"{server} refused the token.", hint=hint)
