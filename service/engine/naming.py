"""Exchanging the weights of a running vLLM so that each answer bears the name of the weights that wrote it.

vLLM can load other weights in place (`reload_weights`), but goes on answering under the name it was started with. This
is an ASGI middleware in its server (`--middleware service.engine.naming.Naming`), with one route of its own:
`POST /cyrano/serve {"model": folder, "name": name, "drain_s": seconds}`.

The rules this module keeps:
1. While weights are exchanged nothing is being written, and nothing may begin to be: whoever asks is told to come back.
2. The name is given up before the first weight changes, and the new one is given when all of them have.
3. Where the exchange fails, nobody knows what the weights are: the server ends, and whoever keeps it starts it anew.

It is loaded by vLLM, and imports nothing of it: what it needs hangs from the application's state.
"""

import asyncio
import json
import logging
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

logger = logging.getLogger(__name__)

ROUTE = "/cyrano/serve"
CHANGING = "@changing"
"""What the server calls its model while that is no certain one. No account's name begins so."""
RETRY_AFTER_S = 5
SHUTDOWN = signal.SIGTERM

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Naming:
    """The middleware."""

    def __init__(self, app: App, *, end: Callable[[], None] = lambda: signal.raise_signal(SHUTDOWN)) -> None:
        """Stand before an application.

        Args:
            app: vLLM's.
            end: Ends the server.
        """
        self._app = app
        self._end = end
        self._writing = 0
        self._is_changing = False
        self._moved = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif self._is_changing:
            await _answer(send, HTTPStatus.SERVICE_UNAVAILABLE, "The engine changes to another model.")
        elif scope["path"] == ROUTE:
            await self._change(scope, receive, send)
        else:
            await self._write(scope, receive, send)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._writing += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._writing -= 1
            async with self._moved:
                self._moved.notify_all()

    async def _change(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            order = json.loads(await _body(receive))
            model, name, drain_s = str(order["model"]), str(order["name"]), float(order.get("drain_s", 0))
        except (ValueError, TypeError, KeyError) as error:
            await _answer(send, HTTPStatus.BAD_REQUEST, f"This is no order: {error!r}")
            return
        self._is_changing = True  # before the first wait: from here on nobody begins
        if not await self._drained(drain_s):
            self._is_changing = False
            await _answer(send, HTTPStatus.CONFLICT, f"{self._writing} answers are still being written.")
            return
        state = scope["app"].state
        names = state.openai_serving_models.base_model_paths
        kind = type(names[0])
        names[:] = [kind(name=CHANGING, model_path="")]
        try:
            await exchange(state.engine_client, model)
        except BaseException as error:
            logger.exception("weights could not be exchanged, the server ends")
            try:
                await _answer(send, HTTPStatus.INTERNAL_SERVER_ERROR, f"The weights are in an unknown state: {error}")
            finally:
                self._end()
            if not isinstance(error, Exception):
                raise
            return
        names[:] = [kind(name=name, model_path=model)]
        self._is_changing = False
        await _answer(send, HTTPStatus.OK, "", model=name)

    async def _drained(self, drain_s: float) -> bool:
        """Wait until nothing is being written; tell whether that came about in time."""
        try:
            async with asyncio.timeout(drain_s), self._moved:
                await self._moved.wait_for(lambda: self._writing == 0)
        except TimeoutError:
            return self._writing == 0
        return True


async def exchange(engine: Any, model: str) -> None:  # noqa: ANN401  vLLM's EngineClient
    """Have an engine that writes nothing load other weights of the same form.

    In the order that vLLM's notes on sleep mode give: sleeping on level 2 the memory of the weights is given up, so it
    has to be there again before they are loaded, and that of the cache comes last. Without a GPU sleeping only pauses.

    Raises:
        RuntimeError: something of what it computed with the former weights may still be there.
    """
    await engine.sleep(2, "abort")
    await engine.wake_up(["weights"])
    await engine.collective_rpc("reload_weights", kwargs={"weights_path": model})
    if not await engine.reset_prefix_cache():
        raise RuntimeError("the cache of prompts could not be emptied")
    await engine.wake_up(["kv_cache"])
    if await engine.is_sleeping():
        raise RuntimeError("the engine did not wake up")


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ValueError("it was cut off")
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(send: Send, status: HTTPStatus, said: str, **values: str) -> None:
    """Answer in JSON, errors in OpenAI's form."""
    error = {"message": said, "type": status.phrase, "code": status.value}
    body = json.dumps({"error": error} if said else values).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
