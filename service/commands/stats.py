"""`cyrano stats`: what became of the drafts."""

from collections.abc import Iterator

import click

from service.app import open_app
from service.edits import Edit
from service.outcomes import Week

_HEAD = "week of     written by           drafts  as is  light rewritten ignored  open inserted"


@click.command()
@click.option("--account", "name", default="", help="Only this account.")
@click.option(
    "--weeks", type=click.IntRange(1, 520), default=12, show_default=True, help="How many weeks to look back."
)
def stats(name: str, weeks: int) -> None:
    """Say how many drafts were sent as they were, lightly edited, rewritten or ignored, by week and adapter.

    Shares are of the drafts of which it is known; one counts as ignored when it was thrown away, or not sent for two
    weeks. The last column counts those that were put into a mail where they were asked for.
    """
    with open_app() as app:
        outcomes = app.outcomes
        records = [app.archive.account(name)] if name else app.archive.accounts()
        for record in records:
            found = outcomes.weekly(record.name, weeks=weeks)
            for line in _lines(record.name, found, outcomes.edits(record.name, weeks=weeks)):
                click.echo(line)


def _lines(account: str, weeks: tuple[Week, ...], edits: dict[Edit, int]) -> Iterator[str]:
    if not weeks:
        yield f"{account}: no drafts in this time"
        return
    yield f"{account}:"
    yield _HEAD
    yield from map(_line, weeks)
    if edits:
        yield "edits: " + ", ".join(f"{kind} {number}" for kind, number in edits.items())


def _line(week: Week) -> str:
    shares = (_share(number, week.settled) for number in (week.as_is, week.light, week.rewritten, week.ignored))
    as_is, light, rewritten, ignored = shares
    who = week.adapter or "the base model"
    ends = f"{as_is:>6} {light:>6} {rewritten:>9} {ignored:>7} {week.waiting:5} {week.inserted:8}"
    return f"{week.starts}  {who:20} {week.drafts:6} {ends}"


def _share(number: int, of: int) -> str:
    return f"{number / of:.0%}" if of else "-"
