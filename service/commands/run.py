"""`cyrano up`, and the commands that run one part each."""

import click

from service.app import open_app
from service.running import Role, run


def _run(role: Role) -> None:
    with open_app() as app:
        run(app, role)


@click.command()
def up() -> None:
    """Start everything on this machine, and stay until Ctrl-C."""
    _run(Role.ALL)


@click.command()
def engine() -> None:
    """Start the model server alone."""
    _run(Role.ENGINE)


@click.command()
def serve() -> None:
    """Start the HTTP service alone."""
    _run(Role.SERVE)


@click.command()
def watch() -> None:
    """Start the mailbox watchers alone."""
    _run(Role.WATCH)


@click.command()
def schedule() -> None:
    """Start the scheduled syncs and refreshes alone."""
    _run(Role.SCHEDULE)
