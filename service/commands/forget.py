"""`cyrano forget`: a person, a message or old mail leaves all that Cyrano keeps."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from connectors.account import AccountRecord
from connectors.errors import UsageError
from connectors.forgotten import Scope
from service.app import App, open_app
from service.forget import Plan, carry_out, plan, retrain_note

SHOWN = 20


@click.command()
@click.option("--address", default="", help="Forget a person: all mail that names this address.")
@click.option("--message-id", default="", help="Forget one message, and what quotes it.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="Forget all mail sent before this day (UTC).")
@click.option("--account", "name", default="", help="Only from this account.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(address: str, message_id: str, before: datetime | None, name: str, *, dry_run: bool, yes: bool) -> None:
    """Take a person, a message or old mail out of all that Cyrano keeps, and keep it out.

    Archive, index, drafts' record and unfinished training runs are rewritten without it; adapters that learned from it
    are marked, and should be trained again. The mailbox itself stays as it is.
    """
    scope = _scope(address, message_id, before)
    with open_app() as app, app.hold():
        records = [app.archive.account(name)] if name else app.archive.accounts()
        _need_others(scope, records)
        plans = [plan(app.archive.engine, each.name, scope, adapters=app.adapters_root) for each in records]
        for line in (line for each in plans for line in _lines(each)):
            click.echo(line)
        if dry_run:
            return
        if not yes:
            click.confirm("Forget this for good?", abort=True)
        _carry_out(app, plans)


def _carry_out(app: App, plans: list[Plan]) -> None:
    runs = carry_out(
        plans,
        engine=app.archive.engine,
        index=lambda: app.retriever,
        home=app.home,
        adapters=app.adapters_root,
        now=datetime.now(UTC),
    )
    if runs:
        click.echo(f"Deleted what {runs} training runs had made from mail; one that was under way begins anew.")
    click.echo("Forgotten. What a mailbox still holds of it is not brought in again.")
    if app.settings.archive.url or app.settings.index.url:
        click.echo("What a server keeps for itself, its logs and backups, is for whoever runs it to clear.")
    for each in plans:
        if note := retrain_note(app.adapters_root, each.account, is_strict=app.settings.forget.strict):
            click.echo(note)


def _scope(address: str, message_id: str, before: datetime | None) -> Scope:
    if sum(map(bool, (address, message_id, before))) != 1:
        hint = "Give one of --address, --message-id and --before."
        raise UsageError("It is not clear what to forget.", hint=hint)
    address = address.strip().lower()
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise UsageError(f"{address} is no mail address.", hint="Write it as ben@example.org.")
    return Scope(
        address=address,
        message_id=message_id.strip().removeprefix("<").removesuffix(">"),
        before=before.replace(tzinfo=UTC) if before else None,
    )


def _need_others(scope: Scope, records: list[AccountRecord]) -> None:
    if not records:
        raise UsageError("There are no accounts yet.", hint="Add one: cyrano account add --help")
    for record in records:
        if scope.address and scope.address in record.addresses:
            hint = f"To remove all of its mail: cyrano account remove {record.name}"
            raise UsageError(f"{scope.address} is {record.name}'s own address.", hint=hint)


def _lines(each: Plan) -> Iterator[str]:
    """Yield what is said of one account before anything goes."""
    found = each.found
    yield f"{each.account}: {len(found.mails)} mails, {len(found.drafts)} drafts, {len(found.quarantined)} put aside"
    for mail in found.mails[:SHOWN]:
        yield f"  {mail.sent_at:%Y-%m-%d}  {mail.message_id}" if mail.sent_at else f"  no date     {mail.message_id}"
    if len(found.mails) > SHOWN:
        yield f"  … and {len(found.mails) - SHOWN} more"
    if found.quoting:
        yield f"  {len(found.quoting)} mails that answer them lose what they quote"
    if found.leaning:
        yield f"  {len(found.leaning)} drafts that leaned on them lose their words"
    if each.adapters:
        yield f"  adapters that learned from them: {', '.join(card.name for card in each.adapters)}"
