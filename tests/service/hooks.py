"""A program that is told things by POST, and behaves as badly as a test wants."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass
class Hook:
    """A server on loopback; use it in a `with`."""

    statuses: list[int] = field(default_factory=list)
    """Answered one after the other; then 204."""
    location: str = ""
    """Where a redirect leads."""
    drip_s: float = 0.0
    """It answers byte by byte, so slowly."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"hook": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address, with the sort of secret such addresses hold."""
        return f"http://127.0.0.1:{self.port}/hook/s3cret"


class _Handler(BaseHTTPRequestHandler):
    hook: Hook

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        self.hook.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.hook.keys.append(self.headers["Idempotency-Key"])
        if self.hook.drip_s:
            self._drip()
            return
        self.send_response(self.hook.statuses.pop(0) if self.hook.statuses else 204)
        if self.hook.location:
            self.send_header("Location", self.hook.location)
        self.end_headers()

    def _drip(self) -> None:
        try:
            for letter in b"HTTP/1.1 204 No Content\r\nX-Long: " + b"x" * 10_000:
                self.wfile.write(bytes([letter]))
                self.wfile.flush()
                time.sleep(self.hook.drip_s)
        except OSError:
            pass
