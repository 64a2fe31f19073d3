"""Where the browser comes back to: a server for one answer, on this machine alone.

Browsers open connections they do not use, and anybody on this machine may knock: whatever does not carry the state of
this consent is turned away, and the waiting goes on.
"""

import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_CONNECTION_TIMEOUT_S = 10.0
_LOOK_FOR_END_S = 0.05
_DONE = "Cyrano has the answer. You can close this window."
_NOT_FOR_US = "Nothing is waiting for this address."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What the provider sent the browser back with."""

    code: str
    error: str
    """The provider's word for why there is no code."""


def read_answer(url: str, state: str) -> Answer | None:
    """Read the address a browser came back to; None where it belongs to no consent, or to another."""
    said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if not secrets.compare_digest(said.get("state", "").encode(), state.encode()):
        return None
    if "code" not in said and "error" not in said:
        return None
    return Answer(code=said.get("code", ""), error=said.get("error", ""))


class Loopback:
    """A server on a port of its own. Made, it waits for nothing yet: the port goes into the address of the consent."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.port = int(self._server.server_address[1])

    @contextmanager
    def listening(self, state: str) -> Iterator[None]:
        """Take requests while the block lasts."""
        self._server.state = state
        thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_FOR_END_S,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def wait(self, timeout_s: float) -> Answer | None:
        """Return the answer, or None when the time is up."""
        try:
            return self._server.answers.get(timeout=timeout_s)
        except queue.Empty:
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    state = ""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()


class _Handler(BaseHTTPRequestHandler):
    timeout = _CONNECTION_TIMEOUT_S
    server: _Server

    def do_GET(self) -> None:
        answer = read_answer(self.path, self.server.state)
        text = (_NOT_FOR_US if answer is None else _DONE).encode()
        self.send_response(404 if answer is None else 200)
        headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(text))}
        # The address of this page holds the code: it goes into no cache, and to no other site.
        for name, value in (headers | {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
        if answer is not None:
            self.server.answers.put(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the standard library's
        """Say nothing: the address holds the code."""
