"""The page model of Gmail's compose windows, served with a policy as strict as Gmail's own.

Browsers are told that mail.google.com, and one hostile name, lie here.
"""

import mimetypes
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.certificate import write_certificate

FIXTURES = Path(__file__).parents[2] / "extension" / "fixtures"
GMAIL = "mail.google.com"
EVIL = "evil.example"
POLICY = (
    "script-src 'self'; object-src 'none'; base-uri 'self'; require-trusted-types-for 'script'; "
    "connect-src 'self'; frame-src 'self'"
)
_MAILBOX = re.compile(r"/mail/u/\d+/(?P<file>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GmailSite:
    """A server of both names."""

    port: int
    pages: dict[str, str] = field(default_factory=dict)
    """What the hostile name shows, by path."""
    asked: list[str] = field(default_factory=list)
    """Host and path of every request."""


@contextmanager
def running_gmail_site(folder: Path) -> Iterator[GmailSite]:
    """Serve while the block lasts; `folder` is for the certificate."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    site = GmailSite(port=server.server_address[1])
    server.RequestHandlerClass = type("Handler", (_Handler,), {"site": site})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(folder / "certificate.pem", GMAIL, EVIL))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: GmailSite

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        path = urlsplit(self.path).path
        self.site.asked.append(host + self.path)
        if host == EVIL and path in self.site.pages:
            self._answer(200, self.site.pages[path].encode(), "text/html; charset=utf-8", {})
        elif host == GMAIL and (match := _MAILBOX.fullmatch(path)) and (file := _inside(match["file"])):
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._answer(200, file.read_bytes(), kind, {"Content-Security-Policy": POLICY})
        else:
            self._answer(404, b"", "text/plain", {})

    def _answer(self, status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _inside(name: str) -> Path | None:
    file = (FIXTURES / (name or "index.html")).resolve()
    return file if file.is_file() and file.is_relative_to(FIXTURES) else None
