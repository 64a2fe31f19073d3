"""A first sync from a real Dovecot on loopback into the archive, beside fetching the same mail to no end.

Run it from the root: `python -m tests.bench.sync [messages]`. Each measurement is a process of its own, so that its
memory is its own. The baseline is `imaplib` with one FETCH for every 50 messages, which throws them away.
"""

import imaplib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.imap.account import ImapAccount
from connectors.message import Address
from connectors.sync import SyncSettings, sync

if TYPE_CHECKING:
    from tests.dovecot import Dovecot

MESSAGES = 20_000
ROUNDS = 3
FOLDER = "Gesendet"
USER, PASSWORD = "alice", "secret-a"
OWNER = Address(addr="ana@example.org", name="Ana López")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one process took."""

    messages: int
    wall_s: float
    cpu_s: float
    peak_mb: float


def main(messages: int = MESSAGES) -> int:
    """Measure both in turn, and print the table."""
    from tests.dovecot import running_dovecot  # noqa: PLC0415  the processes measured are to be free of it

    with running_dovecot() as server, tempfile.TemporaryDirectory() as folder:
        fill(server, messages)
        baseline, first, again = [], [], []
        for number in range(ROUNDS):
            url = f"sqlite:///{folder}/{number}.db"
            baseline.append(measure("imaplib", server.port, url))
            first.append(measure("sync", server.port, url))
            again.append(measure("sync", server.port, url))
    best = [min(rounds, key=lambda each: each.wall_s) for rounds in (baseline, first, again)]
    print("| what | seconds | messages/s | processor s | peak MB | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    names = ("`imaplib`: FETCH alone", "first sync into the archive", "sync again, nothing new")
    for name, took in zip(names, best, strict=True):
        rate = f"{took.messages / took.wall_s:,.0f}" if took.messages else ""
        ratio = took.wall_s / best[0].wall_s
        print(f"| {name} | {took.wall_s:.2f} | {rate} | {took.cpu_s:.2f} | {took.peak_mb:.0f} | {ratio:.2f} |")
    return 0


def fill(server: "Dovecot", messages: int) -> None:
    """Put mail of all common shapes into the Sent folder."""
    from tests.bench.ingest import make_message  # noqa: PLC0415  likewise

    dice = random.Random(7)  # noqa: S311  no secret
    with server.login(USER) as client:
        for start in range(0, messages, 500):
            some = range(start, min(start + 500, messages))
            raws = [make_message(number, dice).as_bytes().replace(b"\n", b"\r\n") for number in some]
            client.multiappend(FOLDER, raws)


def measure(what: str, port: int, url: str) -> Measured:
    """Run one way in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sync", what, str(port), url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def run(way: Callable[[int, str], int], port: int, url: str) -> None:
    """Run one way in this process, and print what it took."""
    began_at, cpu_at = time.perf_counter(), time.process_time()
    messages = way(port, url)
    took = {
        "messages": messages,
        "wall_s": time.perf_counter() - began_at,
        "cpu_s": time.process_time() - cpu_at,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(took))


def peak_mb() -> float:
    """Return the most memory this process ever held; `getrusage` also counts that of whoever started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def read_with_imaplib(port: int, _url: str) -> int:
    """Fetch everything, and keep nothing."""
    with imaplib.IMAP4("127.0.0.1", port) as client:
        client.login(USER, PASSWORD)
        client.select(FOLDER, readonly=True)
        uids = client.uid("SEARCH", "ALL")[1][0].split()
        for start in range(0, len(uids), 50):
            client.uid("FETCH", b",".join(uids[start : start + 50]).decode(), "(BODY.PEEK[])")
    return len(uids)


def sync_into(port: int, url: str) -> int:
    """Sync into the archive, as the service does."""
    settings = {"host": "127.0.0.1", "port": port, "user": USER, "security": "plain"}
    record = AccountRecord(name="ana", kind="imap", owner=OWNER, addresses=frozenset({OWNER.addr}), settings=settings)
    with Archive.open(url) as archive:
        if not archive.accounts():
            archive.add_account(record)
        with closing(ImapAccount(record, PASSWORD)) as account:
            return sync(account, archive, SyncSettings(), lambda _done, _total: None).new


if __name__ == "__main__":
    ways = {"imaplib": read_with_imaplib, "sync": sync_into}
    if len(sys.argv) > 3:
        run(ways[sys.argv[1]], int(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
