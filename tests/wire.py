"""A small TCP proxy between a client and a server, which can slow the wire down and cut it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Wire:
    """What happens to the bytes; a test may change it while they flow."""

    port: int
    """Where the client connects to."""
    cut_after_bytes: int | None = None
    """How many bytes from the server come through on one connection before both ends are cut off."""
    delay_s: float = 0.0
    """How long each block from the server is held back."""
    connections: int = 0
    sent: bytearray = field(default_factory=bytearray)
    """All that clients sent."""


@contextlib.contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """Listen on a free port and pass everything on to `port`."""
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(port=listener.getsockname()[1])
    threading.Thread(target=_accept, args=(listener, wire, port), daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()


def _accept(listener: socket.socket, wire: Wire, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            wire.connections += 1
            server = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_upstream, args=(client, server, wire), daemon=True).start()
            threading.Thread(target=_downstream, args=(server, client, wire), daemon=True).start()


def _upstream(client: socket.socket, server: socket.socket, wire: Wire) -> None:
    with contextlib.suppress(OSError):
        while block := client.recv(65536):
            wire.sent += block
            server.sendall(block)
    _cut(client, server)


def _downstream(server: socket.socket, client: socket.socket, wire: Wire) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while block := server.recv(65536):
            time.sleep(wire.delay_s)
            if wire.cut_after_bytes is not None and passed + len(block) > wire.cut_after_bytes:
                client.sendall(block[: wire.cut_after_bytes - passed])
                break
            passed += len(block)
            client.sendall(block)
    _cut(client, server)


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
