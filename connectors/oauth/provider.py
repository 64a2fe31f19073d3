"""Who hands out tokens: Google, Microsoft, or another whose addresses are given."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from connectors.errors import ConfigError

GMAIL_READ = "https://www.googleapis.com/auth/gmail.readonly"
GMAIL_DRAFTS = "https://www.googleapis.com/auth/gmail.compose"
"""Google has no narrower scope for writing drafts; this one could send, which nothing here does."""


class OAuthSettings(BaseModel):
    """How an account gets its tokens, the secrets apart. The section "oauth" of its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["google", "microsoft", "custom"]
    """Whose words and ways to use."""
    client_id: str
    """Under which this program is known to the provider."""
    scope: str = ""
    """What is asked for, set apart by spaces; "" for reading and writing mail over IMAP."""
    auth_uri: str = ""
    """Where a person consents; "" for the provider's own, as with the two below."""
    token_uri: str = ""
    """Where tokens are handed out."""
    device_uri: str = ""
    """Where the code is got that a person types on another device."""
    tenant: str = "common"
    """Microsoft's name for an organisation that keeps its clients to itself."""
    ca_file: str = ""
    """Certificates to trust (PEM) instead of the system's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as one account uses it."""

    title: str
    auth_uri: str
    token_uri: str
    device_uri: str
    """"" where there is no such flow for mail."""
    scope: str
    redirect_host: str = "127.0.0.1"
    """How this machine is called in the address to which the browser comes back."""
    extras: tuple[tuple[str, str], ...] = ()
    """What else is said when consent is asked for."""
    is_granular: bool = False
    """Whether a person can allow a part of what is asked for."""
    is_scope_repeated: bool = True
    """Whether a refresh names the scope again."""
    when_it_ends: str = ""
    """Why a consent may have ended, and what to do so that it does not again."""


def provider_of(settings: OAuthSettings) -> Provider:
    """Return the provider an account uses.

    Raises:
        ConfigError: an address is missing, or is one to which no secret may go.
    """
    known = {"google": _google, "microsoft": _microsoft, "custom": _custom}[settings.provider](settings)
    for name, uri in (("auth", known.auth_uri), ("token", known.token_uri), ("device", known.device_uri)):
        _check(name, uri, is_needed=name != "device")
    return known


def _google(settings: OAuthSettings) -> Provider:
    return Provider(
        title="Google",
        auth_uri=settings.auth_uri or "https://accounts.google.com/o/oauth2/v2/auth",
        token_uri=settings.token_uri or "https://oauth2.googleapis.com/token",
        device_uri=settings.device_uri,  # Google's own hands out no tokens for mail
        scope=settings.scope or "https://mail.google.com/",
        # Without "consent" the second time brings no refresh token.
        extras=(("access_type", "offline"), ("prompt", "consent")),
        is_granular=True,
        is_scope_repeated=False,
        when_it_ends=(
            'While the consent screen of your Google project is in "Testing", every consent ends after 7 days: publish '
            'it ("In production"). A new Google password ends it too, and "invalid_rapt" means that your organisation '
            "limits how long a sign-in lasts."
        ),
    )


def _microsoft(settings: OAuthSettings) -> Provider:
    root = f"https://login.microsoftonline.com/{settings.tenant}/oauth2/v2.0"
    return Provider(
        title="Microsoft",
        auth_uri=settings.auth_uri or f"{root}/authorize",
        token_uri=settings.token_uri or f"{root}/token",
        device_uri=settings.device_uri or f"{root}/devicecode",
        scope=settings.scope or "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        redirect_host="localhost",  # the only name for which Microsoft lets the port be any
        extras=(("prompt", "select_account"),),
        when_it_ends="It ends after 90 days without use, with a new password, and when the organisation says so.",
    )


def _custom(settings: OAuthSettings) -> Provider:
    return Provider(
        title=urlsplit(settings.token_uri).hostname or "The provider",
        auth_uri=settings.auth_uri,
        token_uri=settings.token_uri,
        device_uri=settings.device_uri,
        scope=settings.scope,
        extras=(("access_type", "offline"), ("prompt", "consent")),
    )


def _check(name: str, uri: str, *, is_needed: bool) -> None:
    if not uri and is_needed:
        raise ConfigError(f"There is no address for the {name} endpoint.", hint=f"Name it: --{name}-uri https://…")
    if uri and urlsplit(uri).scheme != "https":
        raise ConfigError(f"{uri} would show secrets to others.", hint="Give an address that begins with https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """This program as a provider knows it."""

    client_id: str
    client_secret: str
    """"" for a public client. For a desktop program it is no real secret, and kept like one all the same."""
    auth_uri: str = ""
    token_uri: str = ""


def read_client(path: Path) -> Client:
    """Read the file that Google's console gives for an OAuth client.

    Raises:
        ConfigError: it is none, or one for a web server.
    """
    hint = 'Make a client of the type "Desktop app" in Google\'s console, and download its JSON file.'
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "web" in found:
            raise ConfigError(f"{path} is a client for web servers.", hint=hint)
        client = found["installed"]
        return Client(
            client_id=str(client["client_id"]),
            client_secret=str(client.get("client_secret", "")),
            auth_uri=str(client.get("auth_uri", "")),
            token_uri=str(client.get("token_uri", "")),
        )
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} describes no OAuth client.", hint=hint) from error
