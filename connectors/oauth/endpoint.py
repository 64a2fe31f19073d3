"""Asking a provider for tokens (RFC 6749, RFC 8628), and its refusals in plain words.

No secret stands in an address, in a log or in an error: of what a provider says, only its code is repeated.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.errors import AccountError, AuthError, Unreachable
from connectors.oauth.provider import OAuthSettings, Provider, provider_of
from connectors.tls import trust

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 20.0
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_DEFAULT_LIFE_S = 3600.0
_CONSENT_ENDED = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
_CLIENT_WRONG = {"invalid_client", "unauthorized_client", "deleted_client", "disabled_client", "org_internal"}
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class Refused(AuthError):
    """The provider said no; `code` is its word for why."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grant:
    """What a provider hands out. It has no `repr`, so that no traceback and no log shows it."""

    access_token: str
    refresh_token: str
    """"" where the one before stays good."""
    expires_in_s: float
    scope: str = ""
    """What was granted, if the provider says; it can be less than what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeviceCode:
    """A code for a person to type on another device."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in_s: float
    interval_s: float


class TokenEndpoint:
    """Where a provider hands out tokens."""

    def __init__(self, settings: OAuthSettings, client_secret: str, *, http: "httpx2.Client | None" = None) -> None:
        self.provider = provider_of(settings)
        self.client_id = settings.client_id
        self._client = {"client_id": settings.client_id}
        self._secret = {"client_secret": client_secret} if client_secret else {}
        self._settings = settings
        self._http = http

    def refresh(self, refresh_token: str) -> Grant:
        """Get an access token for a refresh token.

        Raises:
            Refused: the consent has ended, or the client is not the one it was given to.
            Unreachable: the provider does not answer, or cannot now.
        """
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        if self.provider.is_scope_repeated and self.provider.scope:
            asked["scope"] = self.provider.scope
        return _read_grant(self._ask(self.provider.token_uri, asked | self._secret), self.provider)

    def redeem_code(self, code: str, *, redirect_uri: str, verifier: str) -> Grant:
        """Get tokens for the code with which the browser came back.

        Raises:
            Refused, Unreachable: as with `refresh`.
        """
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        said = self._ask(self.provider.token_uri, asked | {"code_verifier": verifier} | self._secret)
        return _read_grant(said, self.provider)

    def device_code(self) -> DeviceCode:
        """Get a code for a person to type on another device.

        Raises:
            Refused, Unreachable: as with `refresh`.
        """
        said = self._ask(self.provider.device_uri, {"scope": self.provider.scope})
        try:
            return DeviceCode(
                device_code=str(said["device_code"]),
                user_code=str(said["user_code"]),
                verification_uri=str(said.get("verification_uri") or said["verification_url"]),
                expires_in_s=float(said["expires_in"]),
                interval_s=float(said.get("interval") or 5),
            )
        except (LookupError, ValueError, TypeError) as error:
            raise _no_sense(self.provider) from error

    def redeem_device_code(self, device_code: str) -> Grant:
        """Look whether the person has consented.

        Raises:
            Refused: not yet ("authorization_pending", "slow_down"), or not at all.
            Unreachable: as with `refresh`.
        """
        asked = {"grant_type": DEVICE_GRANT, "device_code": device_code}
        return _read_grant(self._ask(self.provider.token_uri, asked | self._secret), self.provider)

    def _ask(self, uri: str, asked: Mapping[str, str]) -> dict[str, Any]:
        import httpx2  # noqa: PLC0415  slow to import, and most accounts need no tokens

        try:
            if self._http is not None:
                answer = self._http.post(uri, data={**self._client, **asked})
            else:
                with httpx2.Client(timeout=TIMEOUT_S, verify=_trust(self._settings)) as http:
                    answer = http.post(uri, data={**self._client, **asked})
        except httpx2.TransportError as error:
            hint = "Check the network, and try again in a while."
            raise Unreachable(f"{self.provider.title} does not answer ({type(error).__name__}).", hint=hint) from error
        return _read(answer, self.provider)


def _read_grant(said: Mapping[str, Any], provider: Provider) -> Grant:
    """Read what a provider hands out.

    Raises:
        Unreachable: it is no token.
    """
    try:
        return Grant(
            access_token=str(said["access_token"]),
            refresh_token=str(said.get("refresh_token") or ""),
            expires_in_s=float(said.get("expires_in") or _DEFAULT_LIFE_S),
            scope=str(said.get("scope") or ""),
        )
    except (LookupError, ValueError, TypeError) as error:
        raise _no_sense(provider) from error


def refusal(said: Mapping[str, Any], provider: Provider) -> AccountError:
    """Return what a refusal means for the account. It tells the provider's codes, never its sentences."""
    code = _plain(said.get("error")) or "no reason"
    codes = ", ".join([code, *_further_codes(said)])
    if code in {"temporarily_unavailable", "server_error"}:
        return Unreachable(f"{provider.title} hands out no tokens now ({codes}).", hint="Try again in a while.")
    if code in _CLIENT_WRONG:
        hint = "Check --client-id or --client-file: the client must still be there, and be one for desktop programs."
        return Refused(f"{provider.title} does not know this program ({codes}).", code=code, hint=hint)
    if code in _CONSENT_ENDED:
        hint = f"Sign in again: cyrano account login NAME. {provider.when_it_ends}".strip()
        return Refused(f"The consent given to {provider.title} has ended ({codes}).", code=code, hint=hint)
    if code in {"access_denied", "authorization_declined"}:
        hint = "Sign in again and allow it; without that, no mail can be read."
        return Refused("The access was not allowed.", code=code, hint=hint)
    return Refused(f"{provider.title} refused: {codes}.", code=code, hint="Check the client and what it may ask for.")


def _read(answer: "httpx2.Response", provider: Provider) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError as error:
        raise _no_sense(provider, answer.status_code) from error
    if not isinstance(said, dict):
        raise _no_sense(provider, answer.status_code)
    if answer.is_success:
        return said
    if answer.status_code >= _SERVER_ERROR or answer.status_code == _TOO_MANY_REQUESTS:
        said |= {"error": "temporarily_unavailable"}
    raise refusal(said, provider)


def _further_codes(said: Mapping[str, Any]) -> list[str]:
    """Return what narrows a refusal down: Google's subtype ("invalid_rapt"), Microsoft's number ("AADSTS70008")."""
    numbers = re.findall(r"\bAADSTS\d{1,9}\b", str(said.get("error_description", "")))
    return [each for each in (_plain(said.get("error_subtype")), *numbers[:1]) if each]


def _plain(code: object) -> str:
    return code if isinstance(code, str) and re.fullmatch(r"[a-zA-Z_]{1,40}", code) else ""


def _no_sense(provider: Provider, status: int | None = None) -> Unreachable:
    hint = "Check the addresses, and that no sign-in page of a network stands in between."
    told = "" if status is None else f" (status {status})"
    return Unreachable(f"{provider.title} answered with something that is no token{told}.", hint=hint)


def _trust(settings: OAuthSettings) -> ssl.SSLContext:
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return trust(settings.ca_file)
