"""`cyrano account`: which mailboxes are read."""

import click

from connectors.errors import UsageError
from connectors.oauth.tokens import has_tokens
from service.app import open_app
from service.commands.adding import add, read_password, with_drafts
from service.commands.signin import Way, sign_in, way_options
from service.removal import remove_account


@click.group()
def account() -> None:
    """Add, list and remove mailboxes, and sign in to them again."""


account.add_command(add)


@account.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--drafts", is_flag=True, help="Gmail: have drafts written there, too; this asks Google for more.")
@way_options
def login(name: str, way: Way | None, *, password_stdin: bool, drafts: bool) -> None:
    """Sign in again, where a consent has ended or a password is new."""
    with open_app() as app:
        record = app.archive.account(name)
        if drafts and record.kind != "gmail":
            raise UsageError(f"Drafts need no other consent for {name}.", hint=f"Try: cyrano account login {name}")
        if has_tokens(record):
            record = with_drafts(record) if drafts else record
            sign_in(app, record, way, check=lambda tokens: app.mailboxes.try_login(record, tokens))
            app.archive.change_settings(name, record.settings)
        elif record.kind == "imap":
            password = read_password(record, is_stdin=password_stdin)
            app.mailboxes.try_login(record, password)
            app.secrets.store(name, password)
        else:
            raise UsageError(f"{name} is a file, to which nobody signs in.", hint="See: cyrano account list")
    click.echo(f"Signed in to {name}.")


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
            click.echo("No accounts yet. Add one: cyrano account add gmail|imap|mbox --help")


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, *, yes: bool) -> None:
    """Remove an account with all that was made from its mail. The mailbox itself stays as it is."""
    with open_app() as app, app.hold():
        app.archive.account(name)
        if not yes:
            click.confirm(f"Remove {name}, its archive, index, drafts' record and adapters?", abort=True)
        remove_account(app, name)
    click.echo(f"Removed {name}.")
