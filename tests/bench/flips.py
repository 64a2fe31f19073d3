"""Drafts while adapters take turns: none dropped, none written by another version than it says, and how long they take.

Run it from the root: `python -m tests.bench.flips`. It starts the real engine with a tiny model, and the real service
in front of it. Each adapter writes a sentence of its own (telling.py), so that an answer tells who wrote it whatever it
says about itself. Clients ask over HTTP, every other one for a stream; meanwhile adapters are published and rolled
back. Before and after, the same clients ask while nothing changes: that is what the times are compared with.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from connectors.account import AccountRecord
from connectors.adapter import current_version
from connectors.cleaning.language import detect
from connectors.message import Address
from retrieval.prompt import Request, build_prompt
from service.app import App
from service.config import load_settings
from service.http import listen
from service.serving.rollback import roll_back
from service.web import create_app
from service.web.joining import join_parts
from tests.ports import free_port

ACCOUNT = "me"
ME = Address(addr="me@example.org", name="Ana Lopez")
INSTRUCTION = "tell Marta that we can meet on Thursday, but not before ten"
CLIENTS = 16
REQUESTS = 1000
FLIPS = 10
BACK_EVERY = 3
"""Every third flip goes back to the adapter before."""
LOOK_EVERY_S = 0.2
FLIP_WITHIN_S = 60.0
START_S = 300.0
TOKENS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one request."""

    began: float
    seconds: float
    adapter: str
    """Who wrote it, as the answer says."""
    text: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One change of the adapter in service."""

    to: str
    began: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that was measured."""

    still: Sequence[Answer]
    """While nothing changed."""
    flipping: Sequence[Answer]
    flips: Sequence[Flip]

    @property
    def dropped(self) -> list[Answer]:
        """Requests without a draft."""
        return [answer for answer in (*self.still, *self.flipping) if answer.error]

    @property
    def misattributed(self) -> list[Answer]:
        """Drafts that another wrote than they say; no draft may be from the base model either."""
        drafts = [answer for answer in (*self.still, *self.flipping) if not answer.error]
        return [a for a in drafts if not a.adapter or a.text != sentence(int(a.adapter.rpartition("v")[2]))]

    @property
    def ratio(self) -> float:
        """How much longer drafts take while adapters flip: 95th percentile against 95th percentile."""
        return p95(self.flipping) / p95(self.still)


def main() -> int:
    """Print the table; fail where a draft was dropped or misattributed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--flips", type=int, default=FLIPS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return run_service(options.child)
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as (url, model):
        outcome = measure(
            Path(folder), url, model, requests=options.requests, flips=options.flips, clients=options.clients
        )
    tell(outcome, options.clients)
    return 1 if outcome.dropped or outcome.misattributed else 0


def measure(folder: Path, url: str, model: Path, *, requests: int, flips: int, clients: int) -> Outcome:
    """Have the clients ask while nothing changes, while adapters flip, and again while nothing changes."""
    from tests.bench.telling import publish_copy, teach  # noqa: PLC0415  loads torch

    home = folder / "home"
    published = 1 + flips - flips // BACK_EVERY
    teach(model, [prompt()], {version: sentence(version) for version in range(1, published + 1)}, folder / "taught")
    with service(home, url, model) as (port, token):
        numbers = count(1)

        def publish_next() -> str:
            return publish_copy(home / "adapters", ACCOUNT, model, folder / "taught" / str(next(numbers))).name

        flip(home, publish_next)
        clients_ask = partial(ask_all, port, token, clients)
        clients_ask(clients * 2)  # warms caches, threads and connections
        before = clients_ask(max(requests // 4, clients))
        flipping, done = while_flipping(home, clients_ask, publish_next, requests=requests, flips=flips)
        after = clients_ask(max(requests // 4, clients))
    return Outcome(still=[*before, *after], flipping=flipping, flips=done)


def while_flipping(
    home: Path,
    clients_ask: Callable[..., list[Answer]],
    publish_next: Callable[[], str],
    *,
    requests: int,
    flips: int,
) -> tuple[list[Answer], list[Flip]]:
    """Ask while adapters flip, evenly spread; go on asking until the last flip has come."""
    done: list[Flip] = []
    asked = count(1)
    due = threading.Semaphore(0)
    is_over = threading.Event()

    def each() -> bool:
        """Count a request; tell whether to go on."""
        number = next(asked)
        if number % max(requests // (flips + 1), 1) == 0:
            due.release()
        return number <= requests or not is_over.is_set()

    def take_turns() -> None:
        try:
            for number in range(1, flips + 1):
                due.acquire()
                back = number % BACK_EVERY == 0
                done.append(flip(home, partial(go_back, home) if back else publish_next))
        finally:
            is_over.set()

    flipper = threading.Thread(target=take_turns)
    flipper.start()
    answers = clients_ask(requests, each)
    flipper.join()
    if len(done) < flips:
        raise SystemExit(f"Only {len(done)} of {flips} flips came.")
    return answers, done


def flip(home: Path, change: Callable[[], str]) -> Flip:
    """Change which adapter is to write, and wait until it does."""
    began = time.perf_counter()
    name = change()
    while current_version(home / "adapters", ACCOUNT) != int(name.rpartition("v")[2]):
        if time.perf_counter() - began > FLIP_WITHIN_S:
            raise SystemExit(f"{name} did not come into service.")
        time.sleep(0.01)
    return Flip(to=name, began=began, seconds=time.perf_counter() - began)


def go_back(home: Path) -> str:
    """Roll back to the adapter before."""
    card = roll_back(home / "adapters", ACCOUNT)
    assert card
    return card.name


def ask_all(port: int, token: str, clients: int, requests: int, each: Callable[[], bool] | None = None) -> list[Answer]:
    """Have so many clients ask, each again as soon as it is answered."""
    answers: list[Answer] = []
    numbers = count(1)

    def client(index: int) -> None:
        while each() if each else next(numbers) <= requests:
            answers.append(ask(port, token, is_stream=index % 2 == 0))

    threads = [threading.Thread(target=client, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def ask(port: int, token: str, *, is_stream: bool) -> Answer:
    """Ask for a draft."""
    began = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    accept = "text/event-stream" if is_stream else "application/json"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Accept": accept}
    try:
        connection.request("POST", "/draft", json.dumps({"instruction": INSTRUCTION}), headers)
        response = connection.getresponse()
        body = response.read().decode()
        draft = last_event(body) if is_stream and response.status == 200 else json.loads(body)
        error = "" if "draft_id" in draft else f"{response.status}: {body[-300:]}"
    except (OSError, ValueError) as caught:
        draft, error = {}, f"{type(caught).__name__}: {caught}"
    finally:
        connection.close()
    seconds = time.perf_counter() - began
    adapter, text = draft.get("adapter", ""), draft.get("text", "")
    return Answer(began=began, seconds=seconds, adapter=adapter, text=text, error=error)


def last_event(body: str) -> dict[str, str]:
    """Return the data of a stream's "done"; nothing where it did not come to that."""
    for block in reversed(body.strip().split("\n\n")):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines())
        if lines.get("event") == "done":
            found: dict[str, str] = json.loads(lines["data"])
            return found
    return {}


def tell(outcome: Outcome, clients: int) -> None:
    """Print the table."""
    print(f"| {clients} clients | nothing changes | {len(outcome.flips)} flips |")
    print("| --- | ---: | ---: |")
    print(f"| drafts | {len(outcome.still)} | {len(outcome.flipping)} |")
    for name, share in (("median", 0.5), ("p95", 0.95), ("longest", 1.0)):
        still, flipping = (quantile(answers, share) for answers in (outcome.still, outcome.flipping))
        print(f"| {name}, ms | {still * 1e3:.0f} | {flipping * 1e3:.0f} |")
    print(f"| p95, ratio | 1.00 | {outcome.ratio:.2f} |")
    print(f"| dropped | {_count(outcome.dropped, outcome.still)} | {_count(outcome.dropped, outcome.flipping)} |")
    wrong = outcome.misattributed
    print(f"| written by another than said | {_count(wrong, outcome.still)} | {_count(wrong, outcome.flipping)} |")
    written = sorted({answer.adapter for answer in outcome.flipping})
    print(f"\nWritten by {', '.join(written)}; a flip took {_seconds(outcome.flips)} from its order to the pointer.")
    for answer in [*outcome.dropped, *wrong][:5]:
        print(f"  {answer.adapter or '-'}: {answer.error or answer.text!r}")


def sentence(version: int) -> str:
    """Return what a version writes, and no other does."""
    return f"This is {('one', 'two', 'three', 'four')[version % 4]} of {version} hellos, kind regards {version}"


def p95(answers: Sequence[Answer]) -> float:
    """Return the seconds that 19 of 20 drafts took at most."""
    return quantile(answers, 0.95)


def quantile(answers: Sequence[Answer], share: float) -> float:
    """Return the seconds that a share of drafts took at most."""
    ordered = sorted(answer.seconds for answer in answers)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def prompt() -> Sequence[dict[str, object]]:
    """Return the very prompt the service makes."""
    request = Request(account=ACCOUNT, owner=ME, instruction=INSTRUCTION, language=detect(INSTRUCTION))
    return [dict(message) for message in build_prompt(request, (), budget=100_000, count=len).messages]


@contextmanager
def engine(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the address of a real engine, and the folder of its tiny model."""
    from service.engine.keeper import EngineKeeper  # noqa: PLC0415
    from service.engine.settings import EngineSettings  # noqa: PLC0415
    from tests.bench.telling import RANK, sharpen  # noqa: PLC0415  loads torch
    from trainer.tiny import make_tiny_model  # noqa: PLC0415  loads torch

    model = sharpen(make_tiny_model(folder / "tiny"))
    settings = EngineSettings(model=str(model), port=free_port(), dtype="float32", max_lora_rank=RANK)
    with EngineKeeper(settings, folder / "engine") as keeper:
        keeper.wait_ready(START_S)
        yield keeper.url, model


@contextmanager
def service(home: Path, engine_url: str, model: Path) -> Iterator[tuple[int, str]]:
    """Yield port and token of a service in front of the engine, in a process of its own."""
    port = free_port()
    home.mkdir()
    (home / "cyrano.toml").write_text(
        f"[engine]\nurl = {json.dumps(engine_url)}\nmodel = {json.dumps(str(model))}\n"
        f"[http]\nport = {port}\ndrafts_at_once = 64\ndrafts_per_minute = 100000\n"
        f"[sampling]\ntemperature = 0.0\nmax_tokens = {TOKENS}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "tests.bench.flips", "--child", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            if not (token := process.stdout.readline().strip()):
                raise SystemExit("The service did not come up.")
            yield port, token
        finally:
            process.kill()


def run_service(home: Path) -> int:
    """Serve an account, and keep its adapters; say its token."""
    app = App(home, load_settings(home, {}))
    app.archive.add_account(AccountRecord(name=ACCOUNT, kind="mbox", owner=ME, addresses=frozenset({ME.addr})))
    token = app.tokens.create(ACCOUNT, "bench")
    app.join()
    app.warm()
    threading.Thread(target=app.adapters.watch, args=(LOOK_EVERY_S, threading.Event()), daemon=True).start()
    server = listen(create_app(join_parts(app), app.settings.http), app.settings.http)
    print(token, flush=True)
    server.run()
    return 0


def _count(some: Sequence[Answer], among: Sequence[Answer]) -> int:
    chosen = {id(answer) for answer in among}
    return sum(id(answer) in chosen for answer in some)


def _seconds(flips: Sequence[Flip]) -> str:
    seconds = [flip.seconds for flip in flips]
    return f"{statistics.median(seconds):.2f} s in the middle, {max(seconds):.2f} s at most"


if __name__ == "__main__":
    sys.exit(main())
