"""A stand-in for the model server in quick tests: the protocol is real, the words are not.

`python tests/fake_engine.py PORT` runs it as a process. It writes the same short draft every time, naming the model.
"""

import argparse
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    lying: bool = False
    """Answer as the base model whatever is asked for."""
    status: int = 200
    """Answered to every completion."""
    piece_s: float = 0.0
    stops_after: int | None = None
    """Hang up after so many pieces, without saying that it is the end."""
    fails_after: int | None = None
    """Send an error after so many pieces."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Loads and unloads, in order."""
    aborted: threading.Event = field(default_factory=threading.Event)


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
                self._answer(200, {"object": "list", "data": [{"id": n, "object": "model"} for n in names]})
            case _:
                self._fail(404, "Not Found")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.behaviour.requests.append(body)
        match self.path:
            case "/v1/load_lora_adapter":
                self._load(body["lora_name"], body["lora_path"])
            case "/v1/unload_lora_adapter":
                self._unload(body["lora_name"])
            case "/v1/chat/completions":
                self._complete(body)
            case _:
                self._fail(404, "Not Found")

    def _load(self, name: str, path: str) -> None:
        if name in self.behaviour.models:
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

    def _complete(self, body: dict[str, Any]) -> None:
        model = body["model"]
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
                if number == self.behaviour.fails_after:
                    self._event({"error": {"message": "the engine core died", "code": 500}})
                    return
                self._piece(model, {"role": "assistant", "content": piece}, None)
                time.sleep(self.behaviour.piece_s)
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--piece-s", type=float, default=0.0)
    arguments = parser.parse_args()
    FakeEngine(arguments.port, Behaviour(piece_s=arguments.piece_s)).serve_forever()
