"""`cyrano status` and `cyrano doctor`."""

import json
import urllib.error
import urllib.request
from typing import Any

import click

from connectors.adapter import current_version
from service.app import App, open_app
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
        ready = _ask_service(app)
        for part, words in (ready or {}).items():
            click.echo(f"{part}: {words}")
        if ready is None:
            click.echo("Cyrano is not running. Start it: cyrano up")
        for record in app.archive.accounts():
            counts = app.archive.count(record.name)
            version = current_version(app.adapters_root, record.name)
            adapter = f"adapter {record.name}@v{version}" if version else "no adapter yet: cyrano train"
            click.echo(f"{record.name}: {counts.total} mails, {counts.kept} learned from, {adapter}")
            for notice in _ask_notices(app, record.name) if ready is not None else ():
                click.echo(f"    {notice}")
    return 1 if ready is None else 0


def _ask_notices(app: App, account: str) -> list[str]:
    """Return what the running service has to say about an account."""
    headers = {"Authorization": f"Bearer {app.local_token(account)}"}
    asked = urllib.request.Request(f"{app.settings.http.url}/accounts", headers=headers)  # noqa: S310  our own
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310  our own
            return list(json.load(answer)["accounts"][0]["notices"])
    except (OSError, ValueError):
        return []


def _ask_service(app: App) -> dict[str, Any] | None:
    """Return a word on each part of the running service, or None where none answers."""
    try:
        with urllib.request.urlopen(f"{app.settings.http.url}/readyz", timeout=5) as answer:  # noqa: S310  our own
            return dict(json.load(answer)["parts"])
    except urllib.error.HTTPError as error:
        return dict(json.load(error)["parts"])
    except (OSError, ValueError):
        return None
