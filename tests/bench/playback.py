"""Playback against the engine's own limit: calls a second, as Markdown tables.

Run it from the root: `python -m tests.bench.playback`. It starts the demo model in vLLM; `--engine URL --model NAME`
takes one that runs. The baseline is the engine itself, asked by the least client there can be: one loop, bare sockets,
so many connections. Both sides ask the very same: playback's own questions are written down and asked again. Every
answer has a length drawn beforehand (`ignore_eos`), and playback is handed a flawless one in place of the words, so
that it asks each mail once. The second table has an engine that answers at once: what playback's own work allows.
"""

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from connectors import mbox
from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.cleaning.mime import parse
from connectors.llm import ModelServer, Sampling
from connectors.message import Address, Email
from service.engine.command import served_name
from service.engine.keeper import EngineKeeper
from service.engine.settings import EngineSettings
from tests.ports import free_port
from trainer.data.playback import play_back

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
CONCURRENCY = (8, 32)
MAILS = {"engine": 64, "stand-in": 1000}
ROUNDS = 4
LENGTHS = (20, 100)
"""Tokens of an answer, from and to."""
GOOD = "Ask Eve kindly to check it until the end of the week."
ME = Address(addr="me@example.org")
START_S = 300.0


@dataclass
class Recorder(ModelServer):
    """The engine as playback asks it, with answers of a length drawn beforehand; it writes down what it was asked."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.url)

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Ask as `ModelServer.complete` does, and give a flawless answer in place of what was written."""
        dice = random.Random(str(messages))  # noqa: S311  no secret
        body = sampling.model_dump(include={"temperature", "top_p"})
        body |= {"model": model, "messages": list(messages), "max_tokens": dice.randint(*LENGTHS)}
        self.asked.append(body | {"ignore_eos": True})
        answer = self._client.chat.completions.create(**body, extra_body={"ignore_eos": True})
        self.tokens += answer.usage.completion_tokens
        return GOOD


@dataclass(frozen=True, kw_only=True)
class Round:
    """One side, once."""

    calls: int
    tokens: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="", help="URL of an OpenAI-compatible server, with /v1")
    parser.add_argument("--model", default=served_name(str(DEMO / "model")), help="the name it is asked for")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        asyncio.run(stand_in(options.child))
    with running_engine(options.engine) as url:
        table("engine", url, options.model)
    with child() as url:
        table("stand-in", url, options.model)
    return 0


def table(kind: str, url: str, model: str) -> None:
    """Measure both sides in turns at each concurrency."""
    emails = demo_mails(MAILS[kind])
    _, asked = play(emails, url, model, 8)  # warms caches and language model
    print(f"\n| {kind}: at once | bare, calls/s | `play_back`, calls/s | ratio | processor ms a call: bare | ours |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for width in CONCURRENCY:
        pairs = [in_turn(emails, asked, url, model, width, is_first=number % 2 == 0) for number in range(ROUNDS)]
        print(f"| {width} | {row(pairs)} |", flush=True)


def in_turn(
    emails: Sequence[Email], asked: Sequence[dict[str, Any]], url: str, model: str, width: int, *, is_first: bool
) -> tuple[Round, Round]:
    """Measure the bare engine and playback once, one right after the other."""
    bare = replay(asked, url, width) if is_first else None
    ours, same = play(emails, url, model, width)
    assert sorted(map(str, same)) == sorted(map(str, asked)), "the two sides were not asked the same"
    bare = bare or replay(asked, url, width)
    assert (bare.calls, bare.tokens) == (ours.calls, ours.tokens), "the two sides did not write as much"
    return bare, ours


def row(pairs: Sequence[tuple[Round, Round]]) -> str:
    """Tell the medians, and how far the ratios lie apart: on a shared machine that says what they are worth."""
    bare, ours = zip(*pairs, strict=True)
    ratios = [one.rate / other.rate for other, one in pairs]
    rates = [f"{median(each.rate for each in side):.1f}" for side in (bare, ours)]
    cpu_ms = [f"{1000 * median(each.cpu_s / each.calls for each in side):.2f}" for side in (bare, ours)]
    return " | ".join([*rates, f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})", *cpu_ms])


def demo_mails(count: int) -> list[Email]:
    """Return so many mails of the demo's, in one language, the same ones again and again under new names."""
    raw = [*mbox.split(DEMO / "mailbox" / "ana.mbox"), *mbox.split(DEMO / "mailbox" / "ben.mbox")]
    texts = [email for email in map(parse, raw) if email.text]
    named = enumerate(islice(cycle(texts), count))
    return [replace(email, message_id=f"{number}@bench", language="en") for number, email in named]


def play(emails: Sequence[Email], url: str, model: str, width: int) -> tuple[Round, list[dict[str, Any]]]:
    """Play back through a fresh archive on disk; return how it went, and what the engine was asked."""
    engine = Recorder(url)
    with tempfile.TemporaryDirectory() as folder, Archive.open(f"sqlite:///{folder}/cyrano.db") as archive:
        archive.add_account(AccountRecord(name="me", kind="mbox", owner=ME, addresses=frozenset({ME.addr})))
        began, cpu_s = time.perf_counter(), cpu()
        playback = play_back(
            emails, archive, "me", writer=engine, model=model, concurrency=width, report=lambda *_: None
        )  # fmt: skip
        seconds = time.perf_counter() - began
        assert playback.sources == {"model": len(emails)}
    engine.close()
    return Round(calls=len(engine.asked), tokens=engine.tokens, seconds=seconds, cpu_s=cpu() - cpu_s), engine.asked


def replay(asked: Sequence[dict[str, Any]], url: str, width: int) -> Round:
    """Ask the same in the same order, `width` at a time."""
    began, cpu_s = time.perf_counter(), cpu()
    tokens = asyncio.run(ask_all(asked, url, width))
    return Round(calls=len(tokens), tokens=sum(tokens), seconds=time.perf_counter() - began, cpu_s=cpu() - cpu_s)


async def ask_all(asked: Sequence[dict[str, Any]], url: str, width: int) -> list[int]:
    """Return how many tokens each answer had."""
    parts, bodies, tokens = urlsplit(url), iter(asked), []

    async def one_after_the_other() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for body in bodies:
            data = json.dumps(body).encode()
            head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            writer.write(head.encode() + data)
            tokens.append(json.loads(await read(reader))["usage"]["completion_tokens"])
        writer.close()

    await asyncio.gather(*(one_after_the_other() for _ in range(width)))
    return tokens


async def read(reader: asyncio.StreamReader) -> bytes:
    """Read a message of HTTP; return its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


def cpu() -> float:
    """Return the processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def running_engine(url: str) -> Iterator[str]:
    """Yield the URL of the engine given, else of the demo's; no prompt is read from its cache on either side."""
    if url:
        yield url.rstrip("/")
        return
    settings = EngineSettings(
        model=str(DEMO / "model"), port=free_port(), dtype="float32", max_model_len=2048,
        extra_args=("--no-enable-prefix-caching",),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as home, EngineKeeper(settings, Path(home)) as keeper:
        keeper.wait_ready(START_S)
        yield keeper.url


@contextmanager
def child() -> Iterator[str]:
    """Run the stand-in in a process of its own; yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.playback", "--child", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


async def stand_in(port: int) -> None:
    """Answer every chat at once."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "word " * 60}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 60, "total_tokens": 61}
    answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "x", "choices": [choice], "usage": usage}
    data = json.dumps(answer).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                await read(reader)
            except asyncio.IncompleteReadError:
                break
            writer.write(head + data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=256)
    print("up", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
