"""`cyrano status` and `cyrano doctor`."""

import click

from connectors.adapter import current_version
from service.app import App, open_app
from service.client import NOT_RUNNING, read_notices, read_readiness
from service.doctor import examine


@click.command()
def doctor() -> int:
    """Check each part and say what to do."""
    is_well = True
    with open_app() as app:
        for finding in examine(app):
            is_well &= finding.is_well
            click.echo(f"{'✓' if finding.is_well else '✗'} {finding.part}: {finding.words}")
            if finding.hint:
                click.echo(f"    {finding.hint}")
    return 0 if is_well else 1


@click.command()
def status() -> int:
    """Say what is running and how it does."""
    with open_app() as app:
        http = app.settings.http
        parts = read_readiness(http.near_host, http.port)
        for part, words in (parts or {}).items():
            click.echo(f"{part}: {words}")
        if parts is None:
            click.echo(f"Cyrano is not running. {NOT_RUNNING}")
        for record in app.archive.accounts():
            click.echo(_account_line(app, record.name))
            if parts is not None:
                for notice in read_notices(http.near_host, http.port, app.local_token(record.name)):
                    click.echo(f"    {notice}")
    return 1 if parts is None else 0


def _account_line(app: App, name: str) -> str:
    counts = app.archive.count(name)
    version = current_version(app.adapters_root, name)
    adapter = f"adapter {name}@v{version}" if version else "no adapter yet: cyrano train"
    return f"{name}: {counts.total} mails, {counts.kept} learned from, {adapter}"
