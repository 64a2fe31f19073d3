"""Signing in to a provider from the command line: the options, the browser, and what is said meanwhile."""

import functools
import os
import sys
import time
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from connectors.account import AccountRecord
from connectors.errors import AuthError, UsageError
from connectors.oauth.consent import Consent
from connectors.oauth.endpoint import Grant, TokenEndpoint
from connectors.oauth.provider import Client, read_client
from connectors.oauth.store import TokenStore
from connectors.oauth.tokens import SECTION, TokenSource, oauth_settings, token_source
from connectors.secrets import OAUTH_CLIENT_SECRET
from service.app import App

Command = TypeVar("Command", bound=Callable[..., Any])

_OAUTH = "Sign in with a provider instead of a password."
_OAUTH_NAMES = ("provider", "client_id", "tenant", "scope", "auth_uri", "token_uri", "device_uri")
_TEXT_BROWSERS = {"elinks", "links", "lynx", "w3m", "www-browser"}


class Way(StrEnum):
    """How a person consents."""

    BROWSER = "browser"
    HEADLESS = "headless"
    DEVICE = "device"


def headless_option(command: Command) -> Command:
    """Give a command the option that the browser is elsewhere."""
    words = "Sign in with a browser on another machine."
    return click.option("--headless", "way", flag_value=Way.HEADLESS, type=Way, help=words)(command)


def way_options(command: Command) -> Command:
    """Give a command the options that say how a person consents."""
    words = "Sign in with a code typed on another device."
    return headless_option(click.option("--device", "way", flag_value=Way.DEVICE, type=Way, help=words)(command))


def oauth_options(command: Command) -> Command:
    """Give a command the options that name a provider; it gets them as `oauth` and `client_file`."""

    @click.option("--oauth", "provider", type=click.Choice(["google", "microsoft", "custom"]), help=_OAUTH)
    @click.option("--client-id", default="", help="OAuth: how the provider calls this program.")
    @click.option("--client-file", type=click.Path(path_type=Path), help="OAuth: the same as Google's JSON file.")
    @click.option("--tenant", default="", help="OAuth: the organisation at Microsoft, if the client is its own.")
    @click.option("--scope", default="", help="OAuth: what to ask for, if not the usual for IMAP.")
    @click.option("--auth-uri", default="", help="OAuth: where to consent, if custom.")
    @click.option("--token-uri", default="", help="OAuth: where tokens are handed out, if custom.")
    @click.option("--device-uri", default="", help="OAuth: where sign-in by code begins, if custom.")
    @functools.wraps(command)
    def with_oauth(**options: Any) -> Any:  # noqa: ANN401  whatever the command takes
        return command(oauth={name: options.pop(name) or "" for name in _OAUTH_NAMES}, **options)

    return cast("Command", with_oauth)


def sign_in(
    app: App, record: AccountRecord, way: Way | None, *, check: Callable[[TokenSource], None] = lambda _: None
) -> TokenSource:
    """Have a person consent, and keep what that brings.

    Nothing is kept before it is known whose mailbox it opens: what is running would read that one under this name.

    Args:
        app: Cyrano.
        record: Whose mailbox it is.
        way: How they consent; None stands for the usual way here.
        check: Raises an error if what they gave is not to be kept.

    Raises:
        AuthError: they did not, or for another mailbox; what was kept before stays.
        Unreachable: the provider does not answer.
    """
    store = TokenStore(record.name, app.secrets, app.home)
    endpoint = TokenEndpoint(oauth_settings(record), store.client_secret)
    consent = Consent(endpoint, login_hint=str(record.settings.get("user", "")))
    grant = _consent(consent, way or _usual_way())
    if record.kind == "gmail":
        _need_same_mailbox(record, _Granted(grant))
    check(_Granted(grant))
    store.begin(grant, time.time())
    return token_source(record, app.secrets, app.home)


@dataclass(frozen=True, slots=True, repr=False)
class _Granted:
    """A token that was just handed out, and is not kept yet."""

    grant: Grant

    def access_token(self, *, fresh: bool = False) -> str:  # noqa: ARG002  there is no other yet
        """Return it."""
        return self.grant.access_token


def _need_same_mailbox(record: AccountRecord, tokens: TokenSource) -> None:
    """See to it that a person signed in to the mailbox they named: with Google's own interface, any would open.

    Raises:
        AuthError: it is another one.
        Unreachable: Google does not answer.
    """
    from connectors.gmail.account import open_api  # noqa: PLC0415  Google's client takes a second to load

    with closing(open_api(record, tokens)) as api:
        address = api.address()
    if _plain(address) not in {_plain(each) for each in record.addresses}:
        hint = f"Sign in with {record.settings['user']}, or give the address of the other one."
        raise AuthError(f"You signed in to the mailbox of {address}.", hint=hint)


def forget_sign_in(app: App, name: str) -> None:
    """Delete what signing in left behind."""
    TokenStore(name, app.secrets, app.home).forget()


def keep_client(app: App, name: str, client: Client) -> None:
    """Keep the secret of a client apart from its name, which is none."""
    if client.client_secret:
        app.secrets.store(name, client.client_secret, OAUTH_CLIENT_SECRET)


def client_from(client_file: Path | None, client_id: str) -> Client:
    """Return the client named by a file or by its id.

    Raises:
        UsageError: neither is given.
        ConfigError: the file is none.
    """
    if client_file is not None:
        return read_client(client_file)
    if client_id:
        return Client(client_id=client_id, client_secret="")
    hint = "Register Cyrano with the provider once, then give --client-id, or --client-file with what it hands out."
    raise UsageError("The provider must know this program.", hint=hint)


def section(**settings: str) -> dict[str, str | int | bool]:
    """Return settings of the section "oauth", without those that say nothing."""
    return {f"{SECTION}.{name}": value for name, value in settings.items() if value}


def has_browser(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Tell whether a browser can be opened in front of a person."""
    if platform in {"darwin", "win32"}:
        return True
    chosen = Path(environ.get("BROWSER", "").split()[0]).name if environ.get("BROWSER", "").strip() else ""
    has_desktop = "DISPLAY" in environ or "WAYLAND_DISPLAY" in environ
    # A text browser would take the terminal, and most consent pages do not work in it.
    return chosen not in _TEXT_BROWSERS and (has_desktop or bool(chosen))


def _plain(address: str) -> str:
    """Return an address as Gmail reads it: it overlooks dots, and has a second name in some countries."""
    local, _, domain = address.lower().partition("@")
    is_gmail = domain in {"gmail.com", "googlemail.com"}
    return f"{local.replace('.', '')}@gmail.com" if is_gmail else f"{local}@{domain}"


def _usual_way() -> Way:
    return Way.BROWSER if has_browser(os.environ) else Way.HEADLESS


def _consent(consent: Consent, way: Way) -> Grant:
    match way:
        case Way.BROWSER:
            return consent.by_browser(_open)
        case Way.HEADLESS:
            return consent.by_paste(_ask_for_address)
        case Way.DEVICE:
            return consent.by_device(_show_code)


def _open(url: str) -> None:
    click.echo(f"Sign in with the browser that opens. If none does, go to:\n\n{url}\n")
    webbrowser.open(url)


def _ask_for_address(url: str) -> str:
    click.echo(f"Open this address in any browser, and sign in:\n\n{url}\n")
    click.echo("The browser will then fail to open a page: that is as it should be. Copy that page's address.")
    return str(click.prompt("Paste it here"))


def _show_code(uri: str, code: str) -> None:
    click.echo(f"On any device, go to {uri} and type this code: {code}\nWaiting…")
