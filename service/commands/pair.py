"""`cyrano pair`: the code that lets a browser in."""

import time
from collections.abc import Callable, Sequence

import click

from service.access.pairing import GOOD_FOR, TRIES, Code, State
from service.app import App, open_app
from service.client import NOT_RUNNING, is_up
from service.commands.digits import draw

LOOK_EVERY_S = 0.5
_ENDED = {
    State.TRIED: f"The code was typed wrong {TRIES} times, and is good no more. Make a new one: cyrano pair",
    State.OVER: "The code has run out. Make a new one: cyrano pair",
    State.REPLACED: "A newer code took the place of this one.",
}


@click.command()
@click.option("--account", "names", multiple=True, help="Whose drafts the browser may ask for; all where left out.")
def pair(names: Sequence[str]) -> int:
    """Show a code that lets a browser's extension in, and wait until it was used."""
    with open_app() as app:
        accounts = _accounts(app, names)
        before = {row.handle for row in app.tokens.list()}
        code = app.pairings.make(accounts)
        try:
            _show(app, code, accounts)
            state = _await(app, code, time.sleep)
        except KeyboardInterrupt:
            click.echo(f"\nThe code stays good until {code.expires_at.astimezone():%H:%M:%S}.")
            return 0
        if state is not State.USED:
            click.echo(_ENDED[state])
            return 1
        labels = {row.label for row in app.tokens.list() if row.origin and row.handle not in before}
        click.echo(f"Paired: {', '.join(sorted(labels)) or 'the browser'}. It can ask for drafts now.")
    return 0


def _accounts(app: App, names: Sequence[str]) -> Sequence[str]:
    """Return the accounts named, or all; where there are none at all, say so."""
    named = [app.archive.account(name).name for name in dict.fromkeys(names)]
    return named or app.account_names() or [app.one_account("").name]


def _show(app: App, code: Code, accounts: Sequence[str]) -> None:
    http = app.settings.http
    click.echo()
    for line in draw(code.code):
        click.secho(f"    {line}", bold=True)
    click.echo(f"\n    {code.code[:3]} {code.code[3:]}\n")
    click.echo(f"Open the options of Cyrano's extension, and type this code and the address {http.url}")
    click.echo(f"It opens drafts of {', '.join(accounts)}, once, within {GOOD_FOR.seconds // 60} minutes.")
    if not is_up(http.near_host, http.port):
        click.secho(f"Cyrano is not running here yet, and has to. {NOT_RUNNING}", fg="yellow")


def _await(app: App, code: Code, sleep: Callable[[float], None]) -> State:
    """Wait until a code is live no more, and return how it ended."""
    while (state := app.pairings.state(code.key)) is State.LIVE:
        sleep(LOOK_EVERY_S)
    return state
