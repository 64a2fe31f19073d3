"""The section `[http]`, and the server that listens."""

import errno
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from connectors.errors import UsageError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from waitress.server import BaseWSGIServer, MultiSocketServer
    from waitress.wasyncore import dispatcher

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
BODY_WALL = 4
"""The server itself cuts bodies off at so many times the limit; below that the refusal is worded by us."""


class HttpSettings(BaseModel):
    """The HTTP service."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    """Where to listen. Anything but loopback belongs behind a proxy that speaks TLS."""
    port: int = Field(default=8380, ge=1, le=65535)
    threads: PositiveInt = 32
    """Requests served at a time; a draft that streams takes one all the while."""
    allowed_hosts: tuple[str, ...] = LOOPBACK
    """Names this service answers to, with or without port. Add the name a proxy or another machine calls it by."""
    max_body_kb: PositiveInt = 256
    """How long a request may be."""
    drafts_at_once: PositiveInt = 4
    """Drafts in the making for one token, and for one account in the add-on."""
    drafts_per_minute: PositiveInt = 30
    """Drafts that one token, and one account in the add-on, may ask for within a minute."""
    heartbeat_s: PositiveFloat = 1.0
    """A silence this long sends a comment: proxies stay awake, and a client that went away is noticed."""

    @property
    def near_host(self) -> str:
        """By what name this machine itself finds the service."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  compared, not bound

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the service."""
        host = f"[{self.near_host}]" if ":" in self.near_host else self.near_host
        return f"http://{host}:{self.port}"


class Listener:
    """A server that has its port: `run()` serves until `close()`."""

    def __init__(self, server: "BaseWSGIServer | MultiSocketServer", sockets: "dict[int, dispatcher]") -> None:
        self._server = server
        self._sockets = sockets

    def run(self) -> None:
        """Serve."""
        self._server.run()

    def close(self) -> None:
        """Let go of the port and of all clients, and wait a few seconds for what is being answered."""
        from waitress.wasyncore import close_all  # noqa: PLC0415  as below

        # Clients too: the server goes on as long as one of them keeps its connection, as every browser does.
        close_all(self._sockets, ignore_all=True)
        self._server.task_dispatcher.shutdown()


def listen(app: "WSGIApplication", settings: HttpSettings) -> Listener:
    """Take the port.

    Raises:
        UsageError: the port is taken or may not be used.
    """
    from waitress import create_server  # noqa: PLC0415  settings are read by commands that serve nothing

    sockets: dict[int, dispatcher] = {}
    try:
        server = create_server(
            app,
            sockets,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            max_request_body_size=settings.max_body_kb * 1024 * BODY_WALL,
            connection_limit=settings.threads * 4,
            asyncore_use_poll=True,
            # Reads on while a request is served: that is how a client that went away is noticed at once.
            channel_request_lookahead=1,
            log_socket_errors=False,
        )
    except OSError as error:
        raise _explain(error, settings) from error
    return Listener(server, sockets)


def _explain(error: OSError, settings: HttpSettings) -> UsageError:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        hint = "Is Cyrano running already? Else give it another port: [http] port in cyrano.toml."
        return UsageError(f"Another program listens on {where}.", hint=hint)
    return UsageError(f"Cannot listen on {where}: {error.strerror}.", hint="See [http] host and port in cyrano.toml.")
