"""`cyrano token`: what other programs show to be let in."""

from collections.abc import Sequence

import click

from connectors.errors import UsageError
from service.access.audit import ELSEWHERE, Count, Use
from service.access.scopes import ALL, Scope
from service.access.tokens import TokenRow
from service.app import open_app


@click.group()
def token() -> None:
    """Make, list and revoke the tokens programs use."""


@token.command()
@click.option("--account", "name", default="", help="Whose drafts the token may ask for.")
@click.option("--label", required=True, help="Which program it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in ALL]),
    help="What it is good for: to ask for drafts, to read, to manage; may be given several times. All where left out.",
)
def create(name: str, label: str, scopes: Sequence[str]) -> None:
    """Make a token and show it, this once."""
    with open_app() as app:
        wanted = [Scope(scope) for scope in scopes] or ALL
        click.echo(app.tokens.create(app.one_account(name).name, label, scopes=wanted))


@token.command(name="list")
def list_() -> None:
    """List the tokens by label; the tokens themselves are not kept."""
    with open_app() as app:
        rows = app.tokens.list()
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("No tokens yet. Make one: cyrano token create --label NAME. For the extension: cyrano pair")


@token.command()
@click.argument("label")
@click.option("--account", "name", default="", help="Only this account's; else of all that have the label.")
def revoke(name: str, label: str) -> None:
    """Revoke all tokens of a label, such as "Chrome 156 on Linux"; `cyrano token list` shows the labels."""
    with open_app() as app:
        only = app.archive.account(name).name if name else ""
        holders = dict.fromkeys(row.account for row in app.tokens.list(only) if row.label == label)
        counts = {account: app.tokens.revoke(account, label) for account in holders}
    if not counts:
        said = f"{only} has no token" if only else "No account has a token"
        raise UsageError(f"{said} labelled {label}.", hint="cyrano token list shows the labels.")
    for account, count in counts.items():
        click.echo(f"Revoked {count} of {account}'s tokens.")


@token.command()
@click.option("--account", "name", default="", help="Only this account; else all, and whoever was refused.")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How many days to look back.")
def audit(name: str, days: int) -> None:
    """Say which token was shown for what, by the hour, and how that ended.

    Kept for 90 days. It holds no words and no addresses. "Somebody" showed no good token; "an unknown origin" is a web
    page or an extension that was never paired.
    """
    with open_app() as app:
        counts = app.audit.read(app.archive.account(name).name if name else "", days=days)
    for count in counts:
        click.echo(_audit_line(count))
    if not counts:
        click.echo("Nobody asked in this time.")


def _line(row: TokenRow) -> str:
    used = f"{row.used_at:%Y-%m-%d %H:%M} UTC" if row.used_at else "never"
    bound = f"  only {row.kind or 'one'} extension {row.origin}" if row.origin else ""
    may = ", ".join(row.scopes) or "nothing"
    return f"{row.account}  {row.label}  made {row.created_at:%Y-%m-%d}  last used {used}  may {may}{bound}"


def _audit_line(count: Count) -> str:
    use = count.use
    return f"{count.hour:%Y-%m-%d %H}h UTC  {_who(use)}  {use.action}  {use.outcome}  {count.count}"


def _who(use: Use) -> str:
    if use.account:
        return f"{use.account}  {use.label}"
    return "an unknown origin" if use.origin == ELSEWHERE else "somebody"
