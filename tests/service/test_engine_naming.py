"""Exchanging weights in place: no answer bears another name than that of the weights that wrote it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from service.engine.naming import CHANGING, ROUTE, Message, Naming, Receive, Scope, Send

WRITE = "/v1/chat/completions"


@dataclass(frozen=True)
class Path:
    """As vLLM keeps the names of its models."""

    name: str
    model_path: str


@dataclass
class Vllm:
    """vLLM's application and engine, as far as the middleware sees them. Weights write their own name."""

    weights: str = "/a"
    fails_at: str = ""
    wakes: bool = True
    said: list[str] = field(default_factory=list)
    ended: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    during: Callable[[], Awaitable[object]] | None = None
    """What happens while weights are loaded."""

    def __post_init__(self) -> None:
        self.names = [Path("ana@v1", "/a")]
        models = SimpleNamespace(base_model_paths=self.names)
        self.state = SimpleNamespace(engine_client=self, openai_serving_models=models)
        self.middleware = Naming(self.answer, end=self.end)

    def end(self) -> None:
        """End the server."""
        self.ended += 1

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  as ASGI has it
        """Write: the name is taken first, the words come later, as in vLLM."""
        named = self.names[0].name
        if scope["path"] == WRITE:
            await self.go_on.wait()
        body = json.dumps({"model": named, "content": self.weights}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def _say(self, what: str) -> None:
        self.said.append(what)
        if what.partition(" ")[0] == self.fails_at:
            raise RuntimeError(f"{what} failed")

    async def sleep(self, level: int, mode: str) -> None:
        """Fall asleep."""
        self._say(f"sleep {level} {mode}")

    async def wake_up(self, tags: list[str]) -> None:
        """Wake up."""
        self._say(f"wake_up {' '.join(tags)}")

    async def collective_rpc(self, method: str, kwargs: dict[str, str]) -> None:
        """Load weights; in the middle they are no certain ones."""
        self.weights = "half"
        if self.during:
            await self.during()
        self._say(f"{method} {kwargs['weights_path']}")
        self.weights = kwargs["weights_path"]

    async def reset_prefix_cache(self) -> bool:
        """Empty the cache."""
        self._say("reset")
        return self.fails_at != "cache"

    async def is_sleeping(self) -> bool:
        """Tell whether it woke up."""
        return not self.wakes

    async def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
        """Ask over HTTP."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "app": self}
        await self.middleware(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


def test_the_new_weights_bear_their_name() -> None:
    """In the order that a GPU needs: the weights' memory before the weights, the cache's memory last."""

    async def run() -> None:
        vllm = Vllm()
        vllm.go_on.set()
        assert (await vllm.post(ROUTE, model="/b", name="ana@v2"))[:2] == (200, {"model": "ana@v2"})
        assert vllm.said == ["sleep 2 abort", "wake_up weights", "reload_weights /b", "reset", "wake_up kv_cache"]
        assert (await vllm.post(WRITE))[1] == {"model": "ana@v2", "content": "/b"}
        assert vllm.names == [Path("ana@v2", "/b")]
        assert vllm.ended == 0

    asyncio.run(run())


def test_what_is_being_written_ends_before_a_weight_changes() -> None:
    """It bears the old name and is of the old weights; who comes meanwhile is sent away with a time to come back."""

    async def run() -> None:
        vllm = Vllm()
        writing = asyncio.create_task(vllm.post(WRITE))
        await asyncio.sleep(0)
        changing = asyncio.create_task(vllm.post(ROUTE, model="/b", name="ana@v2", drain_s=5))
        await asyncio.sleep(0.01)
        status, _, headers = await vllm.post(WRITE)
        assert status == 503
        assert int(headers[b"retry-after"]) > 0
        assert (await vllm.post(ROUTE, model="/c", name="ana@v3"))[0] == 503
        assert vllm.said == []
        vllm.go_on.set()
        assert (await writing)[1] == {"model": "ana@v1", "content": "/a"}
        assert (await changing)[0] == 200
        assert (await vllm.post(WRITE))[1] == {"model": "ana@v2", "content": "/b"}

    asyncio.run(run())


def test_one_that_never_ends_keeps_the_weights_it_has() -> None:
    """Draining has a limit; nothing changed, and others may write again."""

    async def run() -> None:
        vllm = Vllm()
        writing = asyncio.create_task(vllm.post(WRITE))
        await asyncio.sleep(0)
        assert (await vllm.post(ROUTE, model="/b", name="ana@v2", drain_s=0.02))[0] == 409
        assert vllm.said == []
        vllm.go_on.set()
        assert (await writing)[1]["content"] == "/a"
        assert (await vllm.post(WRITE))[1] == {"model": "ana@v1", "content": "/a"}

    asyncio.run(run())


def test_in_the_middle_there_is_no_name_that_could_be_asked_for() -> None:
    """Whoever lists the models, from wherever, finds neither the old nor the new one."""

    async def run() -> None:
        vllm = Vllm()
        seen: list[list[Path]] = []

        async def look() -> None:
            seen.append(list(vllm.names))

        vllm.during = look
        await vllm.post(ROUTE, model="/b", name="ana@v2")
        assert [path.name for path in seen[0]] == [CHANGING]

    asyncio.run(run())


@pytest.mark.parametrize("fails_at", ["sleep", "wake_up", "reload_weights", "reset", "cache"])
def test_where_it_fails_the_server_ends_and_writes_nothing_more(fails_at: str) -> None:
    """Nobody knows what its weights are: it has no name, answers nobody, and is started anew."""

    async def run() -> None:
        vllm = Vllm(fails_at=fails_at)
        vllm.go_on.set()
        assert (await vllm.post(ROUTE, model="/b", name="ana@v2"))[0] == 500
        assert vllm.ended == 1
        assert (await vllm.post(WRITE))[0] == 503
        assert [path.name for path in vllm.names] == [CHANGING]

    asyncio.run(run())


def test_one_that_does_not_wake_up_ends() -> None:
    """It would keep everybody waiting for ever."""

    async def run() -> None:
        vllm = Vllm(wakes=False)
        assert (await vllm.post(ROUTE, model="/b", name="ana@v2"))[0] == 500
        assert vllm.ended == 1

    asyncio.run(run())


@pytest.mark.parametrize("body", [{}, {"model": "/b"}, {"model": "/b", "name": "x", "drain_s": "soon"}])
def test_an_order_that_is_none_is_refused(body: dict[str, str]) -> None:
    """And nothing is closed by it."""

    async def run() -> None:
        vllm = Vllm()
        vllm.go_on.set()
        assert (await vllm.post(ROUTE, **body))[0] == 400
        assert (await vllm.post(WRITE))[0] == 200
        assert vllm.said == []

    asyncio.run(run())
