"""`cyrano account add`. A mailbox is added once it has let us in; if it does not, what signing in left behind goes."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from connectors.account import AccountRecord
from connectors.errors import UsageError
from connectors.message import Address
from connectors.oauth.provider import GMAIL_DRAFTS, GMAIL_READ
from connectors.oauth.tokens import Credential
from connectors.secrets import variable_name
from service.app import App, open_app
from service.client import is_up
from service.commands.folders import ask_for_folder, with_folders
from service.commands.signin import (
    Way,
    client_from,
    forget_sign_in,
    headless_option,
    keep_client,
    oauth_options,
    section,
    sign_in,
    way_options,
)

PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")

Settings = Mapping[str, str | int | bool]

_HOSTS = {"google": "imap.gmail.com", "microsoft": "outlook.office365.com"}
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)


@click.group()
def add() -> None:
    """Add a mailbox; nothing is read before `cyrano sync`."""


_DRAFTS_SCOPE = f"{GMAIL_READ} {GMAIL_DRAFTS}"


@add.command()
@click.option("--path", required=True, type=click.Path(path_type=Path), help="The file, such as Takeout's Sent.mbox.")
@click.option("--address", "addresses", required=True, multiple=True, help="An address of yours; repeat for more.")
@click.option("--owner", default="", help="Your name as you sign with it.")
@click.option("--name", default="", help="What Cyrano calls the account [default: from the address].")
def mbox(path: Path, addresses: tuple[str, ...], owner: str, name: str) -> None:
    """Add an mbox file of sent mail."""
    if not path.is_file():
        raise UsageError(
            f"There is no file {path}.", hint="Give the path of an mbox file, such as Takeout's Sent.mbox."
        )
    with open_app() as app:
        record = _record("mbox", name, owner, addresses, {"path": str(path.resolve())})
        _need_own_name(app, record.name)
        _add(app, record)


@add.command()
@click.option(
    "--client-file", required=True, type=click.Path(path_type=Path), help='The JSON file of your "Desktop app" client.'
)
@click.option(
    "--address", "addresses", required=True, multiple=True, help="The mailbox's address, then others of yours."
)
@click.option("--drafts", is_flag=True, help="Have drafts written there, too; this asks Google for more.")
@click.option("--owner", default="", help="Your name as you sign with it.")
@click.option("--name", default="", help="What Cyrano calls the account [default: from the address].")
@click.option("--api-endpoint", default="", hidden=True, help="Another server than Google's.")
@click.option("--ca-file", default="", type=_FILE, hidden=True, help="A CA to trust where tokens are handed out.")
@headless_option
def gmail(  # noqa: PLR0917  click passes them by name
    client_file: Path,
    addresses: tuple[str, ...],
    owner: str,
    name: str,
    api_endpoint: str,
    ca_file: str,
    way: Way | None,
    *,
    drafts: bool,
) -> None:
    """Add a Gmail mailbox by Google's own interface. It is read; drafts are written only with --drafts."""
    client = client_from(client_file, "")
    settings: dict[str, str | int | bool] = {"user": addresses[0].strip().lower(), "writes_drafts": drafts}
    settings |= {"api_endpoint": api_endpoint} if api_endpoint else {}
    settings |= section(
        provider="google",
        client_id=client.client_id,
        scope=_DRAFTS_SCOPE if drafts else GMAIL_READ,
        auth_uri=client.auth_uri,
        token_uri=client.token_uri,
        ca_file=ca_file,
    )
    with open_app() as app:
        record = _record("gmail", name, owner, addresses, settings)
        _need_own_name(app, record.name)
        with _forgotten_unless_added(app, record.name):
            keep_client(app, record.name, client)
            app.mailboxes.try_login(record, sign_in(app, record, way))
            _add(app, record)


@add.command()
@click.option("--host", default="", help="The IMAP server [default, with --oauth: the provider's].")
@click.option("--user", required=True, help="The name to log in with, most often the address.")
@click.option("--port", type=int, default=None, help="[default: 993, or 143 with STARTTLS]")
@click.option("--security", type=click.Choice(["tls", "starttls", "plain"]), default="tls", show_default=True)
@click.option("--ca-file", type=_FILE, help="A CA to trust.")
@click.option("--sent-folder", default="", help="Where the server does not say which folder holds sent mail.")
@click.option("--drafts-folder", default="", help="Where the server does not say which folder holds drafts.")
@click.option("--address", "addresses", multiple=True, help="An address of yours; repeat for more [default: the user].")
@click.option("--owner", default="", help="Your name as you sign with it.")
@click.option("--name", default="", help="What Cyrano calls the account [default: from the address].")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@oauth_options
@way_options
def imap(  # noqa: PLR0917  click passes them by name
    user: str,
    host: str,
    addresses: tuple[str, ...],
    owner: str,
    name: str,
    oauth: Mapping[str, str],
    client_file: Path | None,
    way: Way | None,
    *,
    password_stdin: bool,
    **options: str | int | None,
) -> None:
    """Add an IMAP mailbox. Use --oauth, or an app password where your provider has them."""
    host = host or _HOSTS.get(oauth["provider"], "")
    if not host:
        raise UsageError("Which server?", hint="Name it: --host imap.example.org")
    settings = {"host": host, "user": user, **{key: value for key, value in options.items() if value}}
    with open_app() as app:
        record = _record("imap", name, owner, addresses or (user,), settings)
        # Before any password: one that is kept under this name is another mailbox's.
        _need_own_name(app, record.name)
        if oauth["provider"]:
            _add_with_tokens(app, record, oauth, client_file, way)
        else:
            _add_with_password(app, record, is_stdin=password_stdin)


def _add_with_tokens(
    app: App, record: AccountRecord, oauth: Mapping[str, str], client_file: Path | None, way: Way | None
) -> None:
    client = client_from(client_file, oauth["client_id"])
    named = {"client_id": client.client_id, "auth_uri": client.auth_uri, "token_uri": client.token_uri}
    # The known providers show certificates of their own.
    ca_file = str(record.settings.get("ca_file", "")) if oauth["provider"] == "custom" else ""
    chosen = section(**named) | section(ca_file=ca_file, **oauth)
    record = replace(record, settings={**record.settings, **chosen})
    with _forgotten_unless_added(app, record.name):
        keep_client(app, record.name, client)
        _try_and_add(app, record, sign_in(app, record, way))


def _add_with_password(app: App, record: AccountRecord, *, is_stdin: bool) -> None:
    known = None if is_stdin else app.secrets.find(record.name)
    password = read_password(record, is_stdin=is_stdin) if known is None else known
    _try_and_add(app, record, password)
    if known is None:
        app.secrets.store(record.name, password)


def _try_and_add(app: App, record: AccountRecord, credential: Credential) -> None:
    record = with_folders(record, credential, ask_for_folder if sys.stdin.isatty() else None)
    app.mailboxes.try_login(record, credential)
    _add(app, record)


def read_password(record: AccountRecord, *, is_stdin: bool) -> str:
    """Ask for the password of a mailbox."""
    if is_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt(f"Password of {record.settings['user']}", hide_input=True))


@contextmanager
def _forgotten_unless_added(app: App, name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        forget_sign_in(app, name)
        raise


def _need_own_name(app: App, name: str) -> None:
    """See to it that no account has the name, nor one that would read the same variables of the environment."""
    app.need_free_name(name)
    for other in app.account_names():
        if variable_name(other) == variable_name(name):
            hint = f"Both would read {variable_name(name)}. Take another name: --name"
            raise UsageError(f'The name "{name}" is too close to that of the account "{other}".', hint=hint)


def _record(kind: str, name: str, owner: str, addresses: tuple[str, ...], settings: Settings) -> AccountRecord:
    lowered = [address.strip().lower() for address in addresses]
    if broken := [address for address in lowered if not re.fullmatch(r"[^@\s]+@[^@\s]+", address)]:
        raise UsageError(f"{broken[0]} is no mail address.", hint="Write it as me@example.org.")
    name = name or lowered[0]
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.split("@")[0].lower())
    if not PLAIN_NAME.fullmatch(plain):
        raise UsageError(f"{name} cannot name an account.", hint="Use letters, digits, '-', '_' and '.'.")
    person = Address(addr=lowered[0], name=owner or plain.replace(".", " ").title())
    return AccountRecord(name=plain, kind=kind, owner=person, addresses=frozenset(lowered), settings=settings)


def _add(app: App, record: AccountRecord) -> None:
    app.archive.add_account(record)
    is_running = is_up(app.settings.http.near_host, app.settings.http.port)
    click.echo(f"Added {record.name}. {'Cyrano is running, and begins.' if is_running else 'Next: cyrano sync'}")
    if any(row.origin for row in app.tokens.list()):
        click.echo(f"Browsers paired before cannot ask for {record.name} yet. To let one in: cyrano pair")


def with_drafts(record: AccountRecord) -> AccountRecord:
    """Return a Gmail account with which drafts are written, too."""
    return replace(record, settings={**record.settings, "writes_drafts": True, **section(scope=_DRAFTS_SCOPE)})
