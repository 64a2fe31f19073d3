"""`cyrano account`: which mailboxes are read."""

import re
import sys
from pathlib import Path

import click

from connectors.account import AccountRecord
from connectors.errors import UsageError
from connectors.message import Address
from service.app import App, open_app
from service.client import is_up

PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@click.group()
def account() -> None:
    """Add, list and remove mailboxes."""


@account.group()
def add() -> None:
    """Add a mailbox; nothing is read before `cyrano sync`."""


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
        _add(app, _record("mbox", name, owner, addresses, {"path": str(path.resolve())}))


@add.command()
@click.option("--host", required=True, help="The IMAP server.")
@click.option("--user", required=True, help="The name to log in with, most often the address.")
@click.option("--port", type=int, default=None, help="[default: 993, or 143 with STARTTLS]")
@click.option("--security", type=click.Choice(["tls", "starttls", "plain"]), default="tls", show_default=True)
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="A CA to trust.")
@click.option("--sent-folder", default="", help="Where the server does not say which folder holds sent mail.")
@click.option("--drafts-folder", default="", help="Where the server does not say which folder holds drafts.")
@click.option("--address", "addresses", multiple=True, help="An address of yours; repeat for more [default: the user].")
@click.option("--owner", default="", help="Your name as you sign with it.")
@click.option("--name", default="", help="What Cyrano calls the account [default: from the address].")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def imap(
    user: str, addresses: tuple[str, ...], owner: str, name: str, *, password_stdin: bool, **options: object
) -> None:
    """Add an IMAP mailbox. Use an app password where your provider has them."""
    settings = {key: value for key, value in options.items() if isinstance(value, str | int) and value}
    with open_app() as app:
        record = _record("imap", name, owner, addresses or (user,), {"user": user, **settings})
        # Before any password: one that is kept under this name is another mailbox's.
        app.need_free_name(record.name)
        is_needed = password_stdin or app.secrets.find(record.name) is None
        given = _read_password(user, is_stdin=password_stdin) if is_needed else None
        app.try_login(record, given)
        _add(app, record)
        if given is not None:
            app.secrets.store(record.name, given)


def _read_password(user: str, *, is_stdin: bool) -> str:
    if is_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt(f"Password of {user}", hide_input=True))


@account.command(name="list")
def list_() -> None:
    """List the accounts with what is known of their mail."""
    with open_app() as app:
        records = app.archive.accounts()
        for record in records:
            counts = app.archive.count(record.name)
            kept = f"{counts.total} mails, {counts.kept} learned from, {counts.quarantined} in quarantine"
            click.echo(f"{record.name}  {record.kind}  {record.owner}  {kept}")
        if not records:
            click.echo("No accounts yet. Add one: cyrano account add mbox|imap --help")


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, *, yes: bool) -> None:
    """Remove an account with all that was made from its mail. The mailbox itself stays as it is."""
    with open_app() as app, app.hold():
        app.archive.account(name)
        if not yes:
            click.confirm(f"Remove {name}, its archive, index, drafts' record and adapters?", abort=True)
        app.forget_account(name)
    click.echo(f"Removed {name}.")


def _record(
    kind: str, name: str, owner: str, addresses: tuple[str, ...], settings: dict[str, str | int | bool]
) -> AccountRecord:
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
    click.echo(f"Added {record.name}. Next: cyrano sync")
    if record.kind == "imap" and is_up(app.settings.http.near_host, app.settings.http.port):
        click.echo("Cyrano is running: start it again to have this mailbox watched.")
