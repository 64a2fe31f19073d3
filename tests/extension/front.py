"""What stands before the service in these tests: it can let through, answer itself, hang, cut off, or be gone."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Front:
    """A port the extension knows; a test changes what is behind it."""

    behind: int
    """The port of the service."""
    port: int = 0
    answer: bytes | None = None
    """Said to every request, in place of the service."""
    is_silent: bool = False
    """Takes requests and says nothing."""
    cut_after: bytes | None = None
    """The connection is cut once the service has said this."""
    changed: tuple[bytes, bytes] = (b"", b"")
    """What the service says, and what is heard in its place."""
    connections: int = 0
    heard: list[str] = field(default_factory=list)
    """The heads of all requests, and whatever else came in a block of its own."""
    _listener: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)

    def arrive(self) -> None:
        """Listen; at the second time on the same port again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def leave(self) -> None:
        """Close the port and every connection, as a service that ended."""
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        _close(*self._open)
        self._open.clear()

    def restore(self) -> None:
        """Let everything through, as at the beginning."""
        self.answer, self.is_silent, self.cut_after, self.changed = None, False, None, (b"", b"")
        self.heard.clear()
        if self._listener is None:
            self.arrive()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = _prompt(listener.accept()[0])
                self.connections += 1
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Look at each request before anything is decided: a browser keeps its connections."""
        server: socket.socket | None = None
        with contextlib.suppress(OSError):
            while block := client.recv(65536):
                self.heard.append(block.partition(b"\r\n\r\n")[0].decode("latin-1"))
                if self.is_silent:
                    continue
                if self.answer is not None:
                    client.sendall(self.answer)
                    _hear_out(client)
                    break
                if server is None:
                    server = _prompt(socket.create_connection(("127.0.0.1", self.behind)))
                    self._open.append(server)
                    threading.Thread(target=self._back, args=(server, client), daemon=True).start()
                server.sendall(block)
        _close(client, *([server] if server else []))

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        said = b""
        with contextlib.suppress(OSError):
            while block := server.recv(65536):
                if self.is_silent:
                    continue
                said += block
                if self.cut_after is not None and self.cut_after in said:
                    self._cut(client, block, said)
                    break
                client.sendall(block.replace(*self.changed) if self.changed[0] else block)
        _close(server, client)

    def _cut(self, client: socket.socket, block: bytes, said: bytes) -> None:
        """Say what belongs before the cut, and let it be read: what was not when the cut comes is lost to the page."""
        assert self.cut_after is not None
        over = len(said) - said.index(self.cut_after) - len(self.cut_after)
        client.sendall(block[: len(block) - over])
        time.sleep(0.3)


@contextmanager
def standing_before(behind: int) -> Iterator[Front]:
    """Stand before a port while the block lasts."""
    front = Front(behind=behind)
    front.arrive()
    try:
        yield front
    finally:
        front.leave()


def _prompt(end: socket.socket) -> socket.socket:
    """Have each block sent at once, as browser and service do: whoever stands between them may add no pauses."""
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


def _hear_out(client: socket.socket) -> None:
    """Say that no more comes, and take what is still said: a connection closed over unread words loses the answer."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(1)
    while client.recv(65536):
        pass


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
