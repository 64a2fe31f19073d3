"""`cyrano draft`: one draft on the terminal, from the running service."""

import click

from connectors.errors import CyranoError
from retrieval.prompt import LENGTH_NAMES, TONE_NAMES
from service.app import open_app
from service.client import stream_draft


@click.command()
@click.argument("instruction")
@click.option("--account", "name", default="", help="Whose voice to write in.")
@click.option("--to", "recipients", multiple=True, help="Whom it is for; repeat for more.")
@click.option("--subject", default="", help="The subject, where there is one.")
@click.option("--tone", type=click.Choice(list(TONE_NAMES)), default=None, help="How it sounds.")
@click.option("--length", type=click.Choice(list(LENGTH_NAMES)), default=None, help="How long it is.")
def draft(
    *, instruction: str, name: str, recipients: tuple[str, ...], subject: str, tone: str | None, length: str | None
) -> None:
    """Ask the running service for a draft and show it as it is written. Nothing is sent."""
    with open_app() as app:
        record = app.one_account(name)
        token = app.local_token(record.name)
        http = app.settings.http
    body = {"instruction": instruction, "to": list(recipients), "subject": subject, "tone": tone, "length": length}
    for event, data in stream_draft(http.near_host, http.port, token, body):
        if event == "token":
            click.echo(data["text"], nl=False)
        elif event == "done":
            click.secho(
                f"\n\n— {data['adapter'] or 'the base model'}, leaning on {len(data['sources'])} of your mails",
                dim=True,
            )
            if data["unsupported"]:
                click.secho(f"— check: {', '.join(fact['text'] for fact in data['unsupported'])}", dim=True)
        elif event == "error":
            click.echo()
            raise CyranoError(data["detail"], hint=data.get("hint", ""))
