"""A small TCP proxy between a client and a server, which can slow the wire down, cut it, and change what is said."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Wire:
    """What happens to the bytes; a test may change it while they flow."""

    port: int
    """Where the client connects to."""
    cut_after_bytes: int | None = None
    """How many bytes from the server come through on one connection before both ends are cut off."""
    last_words: bytes = b""
    """What the client still hears at a cut, such as "* BYE"."""
    hang_after_bytes: int | None = None
    """How many bytes from the server come through on one connection before no more do, and nobody hangs up."""
    to_server: Callable[[bytes], bytes | None] = bytes
    """Changes a block from the client; None for one at which the server hangs up."""
    to_client: Callable[[bytes], bytes] = bytes
    """Changes a block from the server."""
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
            changed = wire.to_server(block)
            if changed is None:
                break
            server.sendall(changed)
    _cut(client, server)


def _downstream(server: socket.socket, client: socket.socket, wire: Wire) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while block := server.recv(65536):
            time.sleep(wire.delay_s)
            block = wire.to_client(block)
            if wire.cut_after_bytes is not None and passed + len(block) > wire.cut_after_bytes:
                client.sendall(block[: max(0, wire.cut_after_bytes - passed)] + wire.last_words)
                break
            if wire.hang_after_bytes is not None and passed + len(block) > wire.hang_after_bytes:
                client.sendall(block[: max(0, wire.hang_after_bytes - passed)])
                _hang(wire, server)
                break
            passed += len(block)
            client.sendall(block)
    _cut(client, server)


def _hang(wire: Wire, server: socket.socket) -> None:
    """Let nothing through until the client gives up, or the test lets go."""
    server.settimeout(0.05)
    while wire.hang_after_bytes is not None:
        with contextlib.suppress(TimeoutError):
            if not server.recv(65536):
                return


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
