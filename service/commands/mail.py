"""Commands on the mail itself: bring it in, look at it, take it out."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from connectors.adapter import has_learned, list_cards
from connectors.errors import UsageError
from connectors.instruction import GIVEN, Instruction
from connectors.message import ArchivedEmail
from service.app import App, open_app
from service.commands.examples import export_examples
from service.disk import need_space
from service.ingest import drop_outdated, index_new
from service.progress import progress_bars
from service.turns import note_sync


@click.command()
@click.option("--account", "name", default="", help="Only this account.")
def sync(name: str) -> int:
    """Bring in sent mail and index it. What is already there is not read again."""
    with open_app() as app, app.hold(), progress_bars() as start_bar:
        records = [app.archive.account(name)] if name else app.archive.accounts()
        if not records:
            raise UsageError("There are no accounts yet.", hint="Add one: cyrano account add gmail|imap|mbox --help")
        results = app.ingest(records, start_bar)
        for result in results:
            note_sync(app.health, result.account, report=str(result.report or ""), error=result.error)
    for result in results:
        if result.report:
            click.echo(f"{result.account}: {result.report}")
        if result.error:
            click.secho(f"{result.account}: {result.error}", fg="red", err=True)
            if result.error.hint:
                click.echo(f"  {result.error.hint}", err=True)
    return int(any(result.error for result in results))


@click.command()
def reindex() -> None:
    """Rebuild the index from the archive."""
    with open_app() as app, app.hold(), progress_bars() as start_bar:
        need_space(app.home)
        app.clear_index()
        for record in app.archive.accounts():
            index_new(record.name, app.archive, app.retriever, start_bar(f"Indexing {record.name}"))
    click.echo("The index is rebuilt.")


@click.command()
@click.option("--account", "name", default="", help="Only this account.")
@click.option("--all", "everything", is_flag=True, help="Also the mail that is not learned from, with the reason.")
@click.option("--examples", "as_examples", is_flag=True, help="As the model reads it: prompts, replies and sources.")
@click.option("--output", "-o", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export(name: str, output: IO[str], *, everything: bool, as_examples: bool) -> None:
    """Write out the mail that is learned from, as JSON lines."""
    with open_app() as app:
        records = [app.archive.account(name)] if name else app.archive.accounts()
        for record in records:
            lines = export_examples if as_examples else _mails
            output.writelines(f"{line}\n" for line in lines(app, record.name, everything=everything))


def _mails(app: App, account: str, *, everything: bool) -> Iterator[str]:
    for archived in app.archive.mails(account, kept=None if everything else True):
        yield json.dumps(_line(archived), ensure_ascii=False)


def _line(archived: ArchivedEmail) -> dict[str, Any]:
    email = archived.email
    return {
        "account": archived.account,
        "message_id": email.message_id,
        "sent_at": email.sent_at.isoformat() if email.sent_at else None,
        "to": [asdict(address) for address in email.to],
        "subject": email.subject,
        "text": email.text,
        "quoted": email.quoted,
        "signature": email.signature,
        "language": email.language,
        "kind": email.kind,
        "kept": archived.kept,
        "reason": archived.reason,
    }


@click.command()
@click.argument("message_id")
@click.option("--account", "name", default="", help="Where several accounts hold it.")
def exclude(message_id: str, name: str) -> None:
    """Take a mail out of what is learned from, for good."""
    message_id = message_id.strip("<>")
    with open_app() as app, app.hold():
        names = [name] if name else [record.name for record in app.archive.accounts()]
        holders = [each for each in names if app.archive.get(each, message_id)]
        if not holders:
            raise UsageError(f"No account holds {message_id}.", hint="cyrano export --all shows all message ids.")
        for holder in holders:
            app.archive.exclude(holder, message_id)
            drop_outdated(holder, app.archive, app.retriever)
        cards = [card for holder in holders for card in list_cards(app.adapters_root, holder)]
        knowing = [card.name for card in cards if has_learned(app.adapters_root, card, {message_id}) is not False]
    click.echo(f"Excluded from {', '.join(holders)}.")
    if knowing:
        click.echo(f"Adapters that learned from it still know it: {', '.join(knowing)}. Train again.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "name", default="", help="Whose mail they are for.")
def instructions(file: Path, name: str) -> None:
    """Bring in instructions written by hand: JSON lines of {"message_id", "instruction"}.

    They stand in for those a model would write when an adapter is trained, whatever the model.
    """
    with open_app() as app:
        account = app.one_account(name).name
        # By bytes: to text, a line may end at characters that JSON allows within one.
        given = [
            _instruction(number, line, file) for number, line in enumerate(file.read_bytes().split(b"\n"), 1) if line
        ]
        app.archive.store_instructions(account, "", "", given)
        known = app.archive.known_ids(account, [each.message_id for each in given])
    click.echo(f"{len(given)} instructions for {account}; it holds {len(known)} of the mails they are for.")


def _instruction(number: int, line: bytes, file: Path) -> Instruction:
    try:
        fields = json.loads(line)
        message_id, text = fields["message_id"].strip("<>"), fields["instruction"].strip()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f'{file}, line {number}, is not {{"message_id": …, "instruction": …}}.'
        raise UsageError(message, hint="One JSON object a line.") from error
    return Instruction(message_id=message_id, text=text, source=GIVEN)
