"""A refresh by its stages, from the mailbox to the adapter that writes: 100 and 1,000 mails, the demo's model.

Run it from the root: `python -m tests.bench.refresh [COUNT…]`. Everything is real: the command line, the engine, the
trainer. The baseline is the training alone: what the rest costs is told as a multiple of it. The first refresh of a
mailbox plays back every mail; the second one finds a few new ones, as every later refresh does.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import create_engine, select

from connectors import schema
from connectors.adapter import current_version
from service.client import is_up
from tests.connectors.samples import as_mbox, raw_mail
from tests.e2e.cyrano import DEMO_SETTINGS, Cyrano, wait_for

COUNTS = (100, 1000)
SHARE_NEW = 0.05
EXTRA = """
[watch]
trigger = "off"

[refresh]
when = "off"
"""
"""Runs only when asked to: the clock must not begin one of its own."""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS)
    for count in parser.parse_args().counts:
        with tempfile.TemporaryDirectory(prefix="cyrano-refresh-") as folder:
            measure(Path(folder), count)
    return 0


def measure(folder: Path, count: int) -> None:
    """Refresh a mailbox twice, and print both refreshes."""
    mailbox = folder / "sent.mbox"
    cyrano = Cyrano.in_folder(folder / "home", settings=DEMO_SETTINGS + EXTRA)
    person = ("--address", "ana@example.org", "--owner", "Ana Silva", "--name", "ana")
    fill(mailbox, 0, count)
    cyrano("account", "add", "mbox", "--path", mailbox, *person)
    with cyrano.running("up"):
        wait_for("The service", lambda: is_up("127.0.0.1", cyrano.http_port) or None, within_s=180)
        for title in ("first refresh", "refresh with a few new mails"):
            cyrano("train", "--now", "--account", "ana")
            show(f"{count} mails, {title}", last_run(cyrano))
            new = max(8, round(count * SHARE_NEW))
            fill(mailbox, count, new)
        print(f"in service: v{current_version(cyrano.home / 'adapters', 'ana')}")


def fill(mailbox: Path, start: int, count: int) -> None:
    """Append sent mails to a mailbox, each unlike the others."""
    mails = []
    for number in range(start, start + count):
        text = f"the {number}th order is on its way, and item {number * 7} follows on Friday."
        mails.append(raw_mail(number, body=f"Hi Marta,\n\n{text}\n\nBest,\nAna\n"))
    with mailbox.open("ab") as file:
        file.write(as_mbox(mails))


def last_run(cyrano: Cyrano) -> Mapping[str, object]:
    """Return the row of the newest run."""
    engine = create_engine(f"sqlite:///{cyrano.home / 'cyrano.db'}")
    with engine.connect() as connection:
        row = connection.execute(select(schema.run).order_by(schema.run.c.asked_at.desc())).mappings().first()
    engine.dispose()
    assert row is not None
    return row


def show(title: str, run: Mapping[str, object]) -> None:
    """Print a run's stages."""
    seconds = run["seconds"]
    assert isinstance(seconds, dict)
    print(f"\n{title}: {run['state']} {run['adapter']} ({run['reason']})\n")
    print("| stage | s | of the training |")
    print("| --- | ---: | ---: |")
    for stage, spent in seconds.items():
        print(f"| {stage} | {spent:.1f} | {spent / seconds['train']:.2f} |")
    total = sum(seconds.values())
    print(f"| all | {total:.1f} | {total / seconds['train']:.2f} |")


if __name__ == "__main__":
    raise SystemExit(main())
