"""A provider of tokens on loopback, behind TLS, and an introspection endpoint (RFC 7662) on a plain port beside it.

The second is what Dovecot asks whether a token is good.
"""

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.certificate import write_certificate
from tests.oauth_authority import CLIENT_ID, SCOPE, Authority, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthServer:
    """An authority one can connect to."""

    authority: Authority
    port: int
    ca_file: Path
    introspection_url: str

    @property
    def auth_uri(self) -> str:
        """Where a browser goes."""
        return f"https://localhost:{self.port}/authorize"

    @property
    def token_uri(self) -> str:
        """Where programs go."""
        return f"https://localhost:{self.port}/token"

    @property
    def device_uri(self) -> str:
        """Where devices begin."""
        return f"https://localhost:{self.port}/device"

    def settings(self) -> dict[str, str]:
        """Return the settings of an account that gets its tokens here."""
        return {
            "oauth.provider": "custom",
            "oauth.client_id": CLIENT_ID,
            "oauth.scope": SCOPE,
            "oauth.auth_uri": self.auth_uri,
            "oauth.token_uri": self.token_uri,
            "oauth.device_uri": self.device_uri,
            "oauth.ca_file": str(self.ca_file),
        }

    def client_file(self, folder: Path) -> Path:
        """Write the file Google's console would give for the client."""
        client = {"client_id": CLIENT_ID, "client_secret": self.authority.client_secret}
        path = folder / "client.json"
        uris = {"auth_uri": self.auth_uri, "token_uri": self.token_uri}
        path.write_text(json.dumps({"installed": client | uris}), encoding="utf-8")
        return path

    def consent_in_browser(self, url: str) -> httpx2.Response:
        """Open an address as a browser would, and follow where it leads."""
        with httpx2.Client(verify=ssl.create_default_context(cafile=str(self.ca_file))) as browser:
            return browser.get(url, follow_redirects=True)

    def address_after_consent(self, url: str) -> str:
        """Open an address as a browser elsewhere would; return the one it is sent to."""
        with httpx2.Client(verify=ssl.create_default_context(cafile=str(self.ca_file))) as browser:
            return browser.get(url).headers["location"]


@contextlib.contextmanager
def running_authority(folder: Path, authority: Authority | None = None) -> Iterator[OAuthServer]:
    """Start a provider, and stop it at the end. Its certificate is written into the folder."""
    authority = authority or Authority()
    ca_file = write_certificate(folder / "oauth-cert.pem", "localhost", "127.0.0.1", is_authority=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file)
    with _serving(authority, context) as port, _serving(authority, None) as plain_port:
        yield OAuthServer(
            authority=authority,
            port=port,
            ca_file=ca_file,
            introspection_url=f"http://127.0.0.1:{plain_port}/introspect",
        )


@contextlib.contextmanager
def _serving(authority: Authority, context: ssl.SSLContext | None) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.authority, server.context = authority, context
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    authority: Authority
    context: ssl.SSLContext | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that trust no such certificate hang up."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 20
    server: _Server

    def setup(self) -> None:
        """Begin TLS in the connection's own thread: one that says nothing holds up nobody."""
        if self.server.context is not None:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        """Serve; a browser may hang up whenever it likes."""
        with contextlib.suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self._answer(self.server.authority.get(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._answer(self.server.authority.post(urlsplit(self.path).path, body))

    def _answer(self, reply: Reply) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        if reply.location:
            self.send_header("Location", reply.location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
