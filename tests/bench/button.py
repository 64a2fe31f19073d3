"""From the press of the button to the first words in the panel: what browser and extension add to the service's own.

Run it from the root: `python -m tests.bench.button`. The extension is the built one in a real Chromium, Gmail is its
page model, and the service the real HTTP stack; a stand-in writes, and waits before its first word and between words
as a model does. `tests/extension/test_latency.py` holds it to its limit in each run of the tests, and
`tests/extension/test_real_engine.py` measures the same way with a real model.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from sqlalchemy import Engine, select

from connectors import schema
from service.sse import MEDIA_TYPE
from tests.extension.built import build
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import GMAIL, running_gmail_site
from tests.extension.options import pair
from tests.extension.services import INSTRUCTION, Service, running_service
from tests.extension.windows import Mail

ROUNDS = 20
WARM = 3
THINKS_S = 0.1
PIECE_S = 0.03
TARGET_MS = 50
"""What browser and extension may add, where the machine does nothing else."""
BUSY_MS = 1_000
"""Where cores are waited for in turn, no time says much. More than this means that the words did not stream at all."""
QUIET = 0.5
"""A machine with less to do than this for each core is quiet."""
HEADER = """| median ms to the first words | service's clock | bare client | seen | added | over bare |
| --- | ---: | ---: | ---: | ---: | ---: |"""

WATCH = """() => {
  window.__seen = { pressed: 0, shown: 0 };
  window.addEventListener("click", (event) => (window.__seen.pressed ||= event.timeStamp), true);
  const look = () => {
    const panel = document.querySelector("[data-cyrano=panel]")?.shadowRoot;
    if (panel?.querySelector("#text")?.textContent.trim()) window.__seen.shown = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
"""Looks at each frame that is drawn: what counts is when the words can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press, in milliseconds: until the first words were seen; and until the service had its first.

    `service` is what the service's own clock says of this very draft: from when it took the request up. `bare` is what
    a program saw that asked for the same just before: with the connection, the token's check and the way back.
    """

    seen: float
    service: float
    bare: float

    @property
    def added(self) -> float:
        """What lies around the service: browser and extension, and the connection to it."""
        return self.seen - self.service

    @property
    def over_bare(self) -> float:
        """What browser and extension take more than a program."""
        return self.seen - self.bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How to ask the service without a browser, and where its ledger is."""

    port: int
    token: str
    ledger: Engine

    def ask(self) -> float:
        """Ask as a program does; return the milliseconds until its first token."""
        # Hanging up stops the draft: it must not be in the way of the next one.
        headers = {"Content-Type": "application/json", "Accept": MEDIA_TYPE, "Authorization": f"Bearer {self.token}"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        begun = time.perf_counter()
        connection.request("POST", "/draft", json.dumps({"instruction": INSTRUCTION}), headers)
        answer = connection.getresponse()
        first_s = next(time.perf_counter() - begun for line in answer if line.startswith(b"event: token"))
        answer.close()
        connection.close()
        return first_s * 1e3

    def own(self) -> float:
        """Return how long the service itself took to its first token, by the newest draft in its ledger."""
        newest = select(schema.draft.c.first_token_s).order_by(schema.draft.c.created_at.desc()).limit(1)
        with self.ledger.connect() as connection:
            return float(connection.execute(newest).scalar_one()) * 1e3


def press(mail: Mail, probe: Probe) -> Press:
    """Press the button once in a fresh compose, and wait for the whole draft."""
    bare = probe.ask()
    window = mail.open(typed=INSTRUCTION)
    window.button.wait_for()
    mail.page.evaluate(WATCH)
    window.button.click()
    window.reach("ready", within_s=60)
    seen = mail.page.evaluate("window.__seen")
    assert seen["pressed"]
    assert seen["shown"]
    return Press(seen=seen["shown"] - seen["pressed"], service=probe.own(), bare=bare)


def presses(mail: Mail, probe: Probe, rounds: int = ROUNDS) -> list[Press]:
    """Press again and again; what is started the first few times is not counted."""
    return [press(mail, probe) for _ in range(WARM + rounds)][WARM:]


def median(values: Iterable[float]) -> int:
    """Return the median, in whole milliseconds."""
    return round(statistics.median(values))


def row(what: str, measured: Sequence[Press]) -> str:
    """Write a line of the table."""
    columns = [
        median(each.service for each in measured),
        median(each.bare for each in measured),
        median(each.seen for each in measured),
        median(each.added for each in measured),
        median(each.over_bare for each in measured),
    ]
    return f"| {what} | {' | '.join(map(str, columns))} |"


def load() -> float:
    """Return how many programs wanted a core at a time within the last minute, for each core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def limit_ms(load: float) -> int:
    """Return what may be added to the service's own first token, by how busy the machine was before."""
    return TARGET_MS if load < QUIET else BUSY_MS


def table(load: float, *rows: str, limit: int | None = None) -> str:
    """Write the table, what it was measured beside, and what may be added, if that does not go by the load."""
    beside = "quiet" if load < QUIET else "busy with other work"
    most = limit_ms(load) if limit is None else limit
    said = f"The machine was {beside} before (load {load:.2f} for each core). More than {most} ms added is a failure."
    return "\n".join((HEADER, *rows, "", said))


def main() -> int:
    """Print the table."""
    load_before = load()
    with everything() as (browser, service):
        mail = Mail(browser)
        token = service.house.tokens.create("ana", "bench")
        probe = Probe(port=service.front.port, token=token, ledger=service.house.engine)

        def cold() -> Press:
            browser.kill_worker()
            return press(mail, probe)

        warm = presses(mail, probe)
        woken = row("5 after the browser stopped the worker", [cold() for _ in range(5)])
        print(table(load_before, row(f"{ROUNDS} presses", warm), woken))
    return 0 if median(each.added for each in warm) <= limit_ms(load_before) else 1


@contextmanager
def everything() -> Iterator[tuple[Chromium, Service]]:
    """Yield a browser that is paired with a service."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extension = build(folder / "built", is_open=True) / "test-chrome"
        with running_gmail_site(folder) as site, running_service(folder) as service:
            service.thinks(THINKS_S, PIECE_S)
            with running_chromium(extension, {GMAIL: site.port}, folder / "profile") as browser:
                pair(browser, service)
                yield browser, service


if __name__ == "__main__":
    sys.exit(main())
