"""A stand-in for the model server in quick tests: the protocol is real, the words are not.

`python tests/fake_engine.py PORT` runs it as a process. It writes the same short draft every time, naming the model.
"""

import argparse
import json
import os
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BASE = "base"


def draft_of(model: str) -> str:
    """Return what the stand-in writes for a model."""
    return f"Hello,\n\nthank you for your mail. This was written by {model}.\n\nBest,\nAna"


@dataclass
class Behaviour:
    """What the stand-in does; tests change it as they go."""

    models: dict[str, str] = field(default_factory=lambda: {BASE: ""})
    """Name to folder; the base model's is empty."""
    broken: set[str] = field(default_factory=set)
    """Names whose completions fail."""
    refused: set[str] = field(default_factory=set)
    """Names that are not loaded."""
    deadly: set[str] = field(default_factory=set)
    """Names whose load is never answered: the connection is cut."""
    can_load: bool = True
    """Whether adapters can be loaded at all."""
    load_gate: threading.Event | None = None
    """Loads wait for it, and say so in `is_loading`."""
    is_loading: threading.Event = field(default_factory=threading.Event)
    asked_to_load: list[str] = field(default_factory=list)
    resolver: Path | None = None
    """Where it finds adapters by itself, if they name the base model by `base_path`."""
    base_path: str = "/models/tiny"
    """Where the base model was loaded from."""
    lying: bool = False
    """Answer as the base model whatever is asked for."""
    status: int = 200
    """Answered to every completion."""
    piece_s: float = 0.0
    stops_after: int | None = None
    """Hang up after so many pieces, without saying that it is the end."""
    fails_after: int | None = None
    """Send an error after so many pieces."""
    fails_with: str = "tensor shapes do not fit"
    """What that error says."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Loads and unloads, in order."""
    aborted: threading.Event = field(default_factory=threading.Event)
    can_sleep: bool = True
    """Whether it has the routes for it; vLLM must be told to have them."""
    wakes: bool = True
    is_asleep: bool = False
    """What is asked meanwhile waits."""
    running: int = 0
    """Completions under way."""
    counting: threading.Lock = field(default_factory=threading.Lock)


class FakeEngine:
    """A server on loopback with a `behaviour`; use it in a `with`."""

    def __init__(self, port: int = 0, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        handler = type("Handler", (_Handler,), {"behaviour": self.behaviour})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until killed."""
        self._server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        match self.path:
            case "/health":
                self._answer(200, {})
            case "/v1/models":
                names = self.behaviour.models
                base = self.behaviour.base_path
                data = [{"id": n, "object": "model", "root": path or base} for n, path in names.items()]
                self._answer(200, {"object": "list", "data": data})
            case "/is_sleeping" if self.behaviour.can_sleep:
                self._answer(200, {"is_sleeping": self.behaviour.is_asleep})
            case "/metrics":
                self._answer(200, _metrics(self.behaviour.running))
            case _:
                self._fail(404, "Not Found")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        path = self.path.partition("?")[0]
        if path in {"/sleep", "/wake_up"}:
            self._turn(path)
            return
        self.behaviour.requests.append(body)
        match self.path:
            case "/v1/load_lora_adapter" if self.behaviour.can_load:
                self._load(body["lora_name"], body["lora_path"])
            case "/v1/unload_lora_adapter":
                self._unload(body["lora_name"])
            case "/v1/chat/completions":
                self._complete(body)
            case "/cyrano/serve":
                self._exchange(body["model"], body["name"])
            case _:
                self._fail(404, "Not Found")

    def _turn(self, path: str) -> None:
        """Fall asleep, or wake up; the log says how many completions were under way then."""
        if not self.behaviour.can_sleep:
            self._fail(404, "Not Found")
        elif path == "/wake_up" and not self.behaviour.wakes:
            self._fail(500, "the weights are gone")
        else:
            self.behaviour.is_asleep = path == "/sleep"
            self.behaviour.log.append(f"{self.path} {self.behaviour.running}")
            self._answer(200, {"status": "as you wish"})

    def _load(self, name: str, path: str) -> None:
        self.behaviour.asked_to_load.append(name)
        if self.behaviour.load_gate:
            self.behaviour.is_loading.set()
            self.behaviour.load_gate.wait(5)
        if name in self.behaviour.deadly:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif name in self.behaviour.refused:
            self._fail(500, "the adapter rank is larger than max_lora_rank")
        elif name in self.behaviour.models:
            self._fail(400, f"The lora adapter '{name}' has already been loaded.")
        elif "missing" in path:
            self._fail(404, f"No adapter found for {path}")
        else:
            self.behaviour.log.append(f"load {name}")
            self.behaviour.models[name] = path
            self._answer(200, "Success")

    def _unload(self, name: str) -> None:
        if self.behaviour.models.pop(name, None) is None:
            self._fail(404, f"The lora adapter '{name}' cannot be found.")
        else:
            self.behaviour.log.append(f"unload {name}")
            self._answer(200, "Success")

    def _exchange(self, model: str, name: str) -> None:
        """Take over other weights in place, as `service.engine.naming` has vLLM do it."""
        if not self.behaviour.can_sleep:
            self._fail(404, "Not Found")
        elif "torn" in model:
            self._fail(500, "The weights are in an unknown state")
            os._exit(1)
        else:
            self.behaviour.log.append(f"serve {name} {self.behaviour.running}")
            self.behaviour.models = {name: model}
            self._answer(200, {"model": name})

    def _complete(self, body: dict[str, Any]) -> None:
        with self.behaviour.counting:
            self.behaviour.running += 1
        try:
            while self.behaviour.is_asleep:
                time.sleep(0.01)
            self._write(body)
        finally:
            with self.behaviour.counting:
                self.behaviour.running -= 1

    def _write(self, body: dict[str, Any]) -> None:
        model = body["model"]
        self._resolve(model)
        if self.behaviour.status != 200:
            self._fail(self.behaviour.status, "as the test wants it")
        elif model not in self.behaviour.models:
            self._fail(404, f"The model `{model}` does not exist.")
        elif model in self.behaviour.broken:
            self._fail(500, "tensor shapes do not fit")
        elif body.get("stream"):
            self._stream(model)
        else:
            message = {"role": "assistant", "content": draft_of(model)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._answer(
                200, {"id": "1", "object": "chat.completion", "model": self._named(model), "choices": [choice]}
            )

    def _resolve(self, name: str) -> None:
        """Find an adapter as vLLM's plugin does."""
        place = self.behaviour.resolver and self.behaviour.resolver / name
        if place and name not in self.behaviour.models and (place / "adapter_config.json").is_file():
            config = json.loads((place / "adapter_config.json").read_text())
            if (config["peft_type"], config["base_model_name_or_path"]) == ("LORA", self.behaviour.base_path):
                self.behaviour.models[name] = str(place)

    def _named(self, model: str) -> str:
        return BASE if self.behaviour.lying else model

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for number, piece in enumerate(re.findall(r"\s*\S+", draft_of(model))):
                if number == self.behaviour.stops_after:
                    return
                if self.behaviour.is_asleep:  # as vLLM ends what is under way when it is sent to sleep
                    self._piece(model, {}, "abort")
                    break
                if number == self.behaviour.fails_after:
                    self._event({"error": {"message": self.behaviour.fails_with, "code": 500}})
                    return
                self._piece(model, {"role": "assistant", "content": piece}, None)
                time.sleep(self.behaviour.piece_s)
            else:
                self._piece(model, {}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            self.behaviour.aborted.set()

    def _piece(self, model: str, delta: dict[str, str], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event({"id": "1", "object": "chat.completion.chunk", "model": self._named(model), "choices": [choice]})

    def _event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def _fail(self, status: int, message: str) -> None:
        self._answer(status, {"error": {"message": message, "type": "error", "code": status}})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode() if not isinstance(body, str) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _metrics(running: int) -> str:
    """What vLLM says of its work, among much else."""
    marks = '{engine="0",model_name="base"}'
    return (
        "# TYPE vllm:num_requests_running gauge\n"
        f"vllm:num_requests_running{marks} {running:.1f}\n"
        f"vllm:num_requests_waiting{marks} 0.0\n"
        f'vllm:num_requests_waiting_by_reason{{engine="0",model_name="base",reason="capacity"}} 7.0\n'
        f"vllm:num_preemptions_total{marks} 9.0\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--piece-s", type=float, default=0.0)
    parser.add_argument("--model", default=BASE)
    parser.add_argument("--sleepless", action="store_true")
    parser.add_argument("--does-not-wake", action="store_true")
    arguments = parser.parse_args()
    behaviour = Behaviour(
        models={arguments.model: ""},
        piece_s=arguments.piece_s,
        can_sleep=not arguments.sleepless,
        wakes=not arguments.does_not_wake,
    )
    FakeEngine(arguments.port, behaviour).serve_forever()
