"""`POST /draft` side by side with the bare engine: time to the first token and tokens a second, as a Markdown table.

Run it from the root: `python -m tests.bench.draft --engine http://127.0.0.1:8000/v1 --model NAME`, with the name the
engine goes by. Without an engine a stand-in that writes at a steady pace shows what the service itself costs. The
service is the real one, with a real index; its threshold lets no mail through, so that both sides read the same prompt.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.account import AccountRecord
from connectors.cleaning.language import detect
from connectors.message import Address, Email
from retrieval.prompt import Request, build_prompt
from service.app import App
from service.config import load_settings
from service.http import listen
from service.web import create_app
from service.web.joining import join_parts
from tests.ports import free_port

STREAMS = (1, 16)
ROUNDS = 3
TOKENS = 120
MAILS = 500
ME = Address(addr="me@example.org", name="Ana Lopez")
INSTRUCTION = "tell Marta that we can meet on Thursday, but not before ten, and ask her to bring the map"
FIRST_TOKEN_S = 0.05
PACE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way of asking: where, with which body, and how to see text in a line of the answer."""

    name: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    text: Callable[[bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One answer: when its first text came, after how many seconds it ended, and how long it was."""

    first_s: float
    total_s: float
    pieces: int
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A side at a number of streams, all rounds together."""

    first_s: float
    characters_per_s: float
    characters_per_piece: float


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="", help="URL of an OpenAI-compatible server, with /v1")
    parser.add_argument("--model", default="stand-in", help="the name it is asked for")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, where = options.child
        return run_stand_in(int(where)) if kind == "engine" else run_service(Path(where))
    with engine(options.engine) as url, service(url, options.model) as (port, token):
        print("| streams | what | bare engine | /draft | ratio |")
        print("| --- | --- | --- | --- | --- |")
        for streams in STREAMS:
            compare(streams, bare(url, options.model), ours(port, token))
    return 0


def compare(streams: int, engine_side: Side, service_side: Side) -> None:
    """Measure both sides in turns, and print their rows."""
    for side in (engine_side, service_side):
        run(side, streams)  # warms caches, threads and connections
    rounds = [(run(engine_side, streams), run(service_side, streams)) for _ in range(ROUNDS)]
    one, other = score([pair[0] for pair in rounds]), score([pair[1] for pair in rounds])
    # The service joins pieces now and then; a token is as many characters on both sides.
    rates = [each.characters_per_s / one.characters_per_piece for each in (one, other)]
    first = f"{one.first_s * 1e3:.0f} | {other.first_s * 1e3:.0f} | {other.first_s / one.first_s:.2f}"
    print(f"| {streams} | first token, median ms | {first} |")
    print(f"| {streams} | tokens/s, all streams | {rates[0]:.0f} | {rates[1]:.0f} | {rates[1] / rates[0]:.2f} |")


def run(side: Side, streams: int) -> list[Stream]:
    """Ask for so many answers at the same time."""
    with ThreadPoolExecutor(streams) as threads:
        return list(threads.map(lambda _: ask(side), range(streams)))


def ask(side: Side) -> Stream:
    """Ask once, and read the answer to its end."""
    parts = urlsplit(side.url)
    connection = HTTPConnection(str(parts.hostname), parts.port or 80, timeout=300)
    start = time.perf_counter()
    connection.request("POST", parts.path, json.dumps(side.body), side.headers)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{side.name} answered {response.status}: {response.read().decode()}")
    first, pieces, characters = 0.0, 0, 0
    for line in response:
        if text := side.text(line):
            first = first or time.perf_counter()
            pieces += 1
            characters += len(text)
    end = time.perf_counter()
    connection.close()
    return Stream(first_s=first - start, total_s=end - start, pieces=pieces, characters=characters)


def score(rounds: list[list[Stream]]) -> Score:
    """Sum rounds up: the median first token, and what all streams of a round gave in the time of its longest."""
    streams = [stream for each in rounds for stream in each]
    seconds = sum(max(stream.total_s for stream in each) for each in rounds)
    characters = sum(stream.characters for stream in streams)
    return Score(
        first_s=statistics.median(stream.first_s for stream in streams),
        characters_per_s=characters / seconds,
        characters_per_piece=characters / sum(stream.pieces for stream in streams),
    )


def bare(url: str, model: str) -> Side:
    """The engine itself, with the very prompt the service makes."""
    request = Request(account="me", owner=ME, instruction=INSTRUCTION, language=detect(INSTRUCTION))
    messages = list(build_prompt(request, (), budget=100_000, count=len).messages)
    body = {"model": model, "messages": messages, "max_tokens": TOKENS, "temperature": 0, "stream": True}

    def text(line: bytes) -> str:
        if not line.startswith(b"data: {"):
            return ""
        choices = json.loads(line[6:])["choices"]
        return (choices[0]["delta"].get("content") or "") if choices else ""

    headers = {"Content-Type": "application/json"}
    return Side(name="The engine", url=f"{url}/chat/completions", headers=headers, body=body, text=text)


def ours(port: int, token: str) -> Side:
    """The service in front of it."""

    def text(line: bytes) -> str:
        # Of all events only a token's data has a text and nothing else.
        return str(json.loads(line[6:])["text"]) if line.startswith(b'data: {"text":') else ""

    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    body = {"instruction": INSTRUCTION}
    return Side(name="/draft", url=f"http://127.0.0.1:{port}/draft", headers=headers, body=body, text=text)


@contextmanager
def engine(url: str) -> Iterator[str]:
    """Yield the URL of the engine given, else of a stand-in in a process of its own."""
    if url:
        yield url.rstrip("/")
        return
    port = free_port()
    with child("engine", str(port)):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def service(engine_url: str, model: str) -> Iterator[tuple[int, str]]:
    """Yield port and token of a service in front of the engine, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        (home / "cyrano.toml").write_text(
            f"[engine]\nurl = {json.dumps(engine_url)}\nmodel = {json.dumps(model)}\n"
            f"[http]\nport = {port}\ndrafts_at_once = 64\ndrafts_per_minute = 100000\n"
            f"[retrieval]\nthreshold = 1.0\n"
            f"[sampling]\ntemperature = 0.0\nmax_tokens = {TOKENS}\n",
            encoding="utf-8",
        )
        with child("service", folder) as token:
            yield port, token


@contextmanager
def child(kind: str, where: str) -> Iterator[str]:
    """Run this file as another process; yield what it says when it is ready."""
    command = [sys.executable, "-m", "tests.bench.draft", "--child", kind, where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline().strip()
            if not said:
                raise SystemExit(f"The {kind} did not come up.")
            yield said
        finally:
            process.kill()


def run_service(home: Path) -> int:
    """Serve an account with some mail; say its token."""
    app = App(home, load_settings(home, {}))
    app.archive.add_account(AccountRecord(name="me", kind="mbox", owner=ME, addresses=frozenset({ME.addr})))
    mails = [Email(message_id=f"{number}@x", sender=ME, text=f"Mail {number} about maps.") for number in range(MAILS)]
    app.retriever.add("me", mails)
    token = app.tokens.create("me", "bench")
    server = listen(create_app(join_parts(app), app.settings.http), app.settings.http)
    print(token, flush=True)
    server.run()
    return 0


def run_stand_in(port: int) -> int:
    """Answer every chat with the same words, each in its time."""
    server = _Server(("127.0.0.1", port), _StandIn)
    print("up", flush=True)
    server.serve_forever()
    return 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # five by default: more clients at once would be turned away


class _StandIn(BaseHTTPRequestHandler):
    """As much of OpenAI's protocol as streaming a chat takes."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Wait as for a prompt, then write at a steady pace."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        begin = time.perf_counter() + FIRST_TOKEN_S
        for number in range(TOKENS + 1):
            time.sleep(max(0.0, begin + number * PACE_S - time.perf_counter()))
            is_last = number == TOKENS
            choice = {"index": 0, "delta": {} if is_last else {"content": "word "}}
            choice["finish_reason"] = "stop" if is_last else None
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "x", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


if __name__ == "__main__":
    sys.exit(main())
