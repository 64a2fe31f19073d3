"""OAuth, as everybody else sees it: where a token comes from when one is needed."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from connectors.account import AccountRecord
from connectors.errors import AuthError
from connectors.oauth.endpoint import Refused, TokenEndpoint
from connectors.oauth.provider import OAuthSettings
from connectors.oauth.store import NOTHING, Tokens, TokenStore
from connectors.secrets import Secrets
from connectors.settings import has_section, read_settings

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger(__name__)

SECTION = "oauth"


class TokenSource(Protocol):
    """Hands out access tokens; several threads may ask at once."""

    def access_token(self, *, fresh: bool = False) -> str:
        """Return a token that is good for a while yet.

        Args:
            fresh: The server refused the last one: get another, however long that one should have lasted.

        Raises:
            AuthError: the consent is gone; the hint says how to give it again.
            Unreachable: whoever hands out tokens does not answer.
        """


Credential: TypeAlias = str | TokenSource
"""How a mailbox is opened: with a password, or with tokens."""


class OAuthTokens:
    """The tokens of one account, renewed when they are needed."""

    def __init__(
        self, store: TokenStore, endpoint: Callable[[], TokenEndpoint], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._endpoint = endpoint
        self._clock = clock
        self._tokens: Tokens = NOTHING
        self._is_stored = True

    def access_token(self, *, fresh: bool = False) -> str:
        """Return a token that is good for a while yet.

        Raises:
            AuthError: there is no consent, or it has ended.
            Unreachable: the provider does not answer.
            StoreError: the tokens could not be stored; they are kept, and stored when asked for again.
        """
        known = self._tokens
        if not fresh and self._is_stored and self._is_good(known):
            return known.access_token
        with self._store.lock():
            stored = self._store.read()
            # What could not be stored is later than what is.
            newest = max(stored, self._tokens, key=lambda tokens: tokens.generation)
            is_news = newest.generation > known.generation > NOTHING.generation
            if not (self._is_good(newest) and (is_news or not fresh)):
                newest = self._renew(newest)
            self._keep(newest, is_stored=newest is stored)
        return newest.access_token

    def _keep(self, tokens: Tokens, *, is_stored: bool) -> None:
        self._tokens, self._is_stored = tokens, is_stored
        if not is_stored:
            self._store.write(tokens)
            self._is_stored = True

    def _is_good(self, tokens: Tokens) -> bool:
        return bool(tokens.access_token) and tokens.renew_at > self._clock()

    def _renew(self, tokens: Tokens) -> Tokens:
        account = self._store.account
        if not tokens.refresh_token:
            raise AuthError(f"Nobody has signed in for {account}.", hint=f"Sign in: cyrano account login {account}")
        began_at = time.monotonic()
        try:
            grant = self._endpoint().refresh(tokens.refresh_token)
        except Refused as error:
            raise AuthError(str(error), hint=error.hint.replace("NAME", account)) from error
        logger.info("Renewed the tokens of %s in %.1f s.", account, time.monotonic() - began_at)
        return tokens.renewed(grant, self._clock())


def has_tokens(record: AccountRecord) -> bool:
    """Tell whether an account is opened with tokens, and not with a password."""
    return has_section(record, SECTION)


def oauth_settings(record: AccountRecord) -> OAuthSettings:
    """Read how an account gets its tokens.

    Raises:
        ConfigError: a setting is unknown, missing or of the wrong type.
    """
    return read_settings(OAuthSettings, record, section=SECTION)


def token_source(
    record: AccountRecord, secrets: Secrets, home: Path, *, http: "httpx2.Client | None" = None
) -> TokenSource:
    """Return what hands out an account's tokens.

    Raises:
        ConfigError: its settings make no sense.
    """
    settings = oauth_settings(record)
    store = TokenStore(record.name, secrets, home)
    return OAuthTokens(store, lambda: TokenEndpoint(settings, store.client_secret, http=http))
