"""`cyrano token`: what other programs show to be let in."""

import click

from connectors.errors import UsageError
from service.app import open_app


@click.group()
def token() -> None:
    """Make, list and revoke the tokens programs use."""


@token.command()
@click.option("--account", "name", default="", help="Whose drafts the token may ask for.")
@click.option("--label", required=True, help="Which program it is for.")
def create(name: str, label: str) -> None:
    """Make a token and show it, this once."""
    with open_app() as app:
        click.echo(app.tokens.create(app.one_account(name).name, label))


@token.command(name="list")
def list_() -> None:
    """List the tokens by label; the tokens themselves are not kept."""
    with open_app() as app:
        rows = app.tokens.list()
    for row in rows:
        used = f"{row.used_at:%Y-%m-%d %H:%M} UTC" if row.used_at else "never"
        click.echo(f"{row.account}  {row.label}  made {row.created_at:%Y-%m-%d}  last used {used}")
    if not rows:
        click.echo("No tokens yet. Make one: cyrano token create --label browser")


@token.command()
@click.argument("label")
@click.option("--account", "name", default="", help="Whose token it is.")
def revoke(name: str, label: str) -> None:
    """Revoke all tokens of a label."""
    with open_app() as app:
        account = app.one_account(name).name
        count = app.tokens.revoke(account, label)
    if not count:
        raise UsageError(f"{account} has no token labelled {label}.", hint="cyrano token list shows the labels.")
    click.echo(f"Revoked {count} of {account}'s tokens.")
