"""The server that listens, asked over real sockets."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from connectors.errors import UsageError
from service.draft_row import State
from service.http import HttpSettings, listen
from service.web import create_app
from tests.ports import free_port
from tests.service.stand_ins import House, make_database
from tests.waiting import until


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A drafter whose model waits for a gate after its first word."""
    house = House(engine=make_database(tmp_path))
    house.model_server.pieces = ["word "] * 1000
    house.model_server.gate = threading.Semaphore(0)
    return house


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """The service on a real socket."""
    settings = HttpSettings(port=free_port(), threads=4, drafts_at_once=1, heartbeat_s=0.05)
    server = listen(create_app(house.parts(), settings), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield settings.port
    assert house.model_server.gate
    house.model_server.gate.release(10_000)
    server.close()
    thread.join(5)


def ask(port: int, house: House, *, stream: bool) -> HTTPConnection:
    """Send a request for a draft."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}", "Content-Type": "application/json"}
    connection.request("POST", "/draft", json.dumps({"instruction": "hi", "stream": stream}), headers)
    return connection


def test_tokens_arrive_as_they_are_written(port: int, house: House) -> None:
    """Nothing is held back: meta and the first word are there while the model still waits for its second."""
    response = ask(port, house, stream=True).getresponse()
    lines = [response.readline().decode().strip() for _ in range(5)]
    assert lines[0] == "event: meta"
    assert lines[3:] == ["event: token", 'data: {"text":"word"}']
    assert house.model_server.sent == 1


def test_silence_is_bridged(port: int, house: House) -> None:
    """While the model thinks, comments tell that we are there."""
    response = ask(port, house, stream=True).getresponse()
    lines = [response.readline() for _ in range(8)]
    assert lines[6] == b": still there\n"


@pytest.mark.parametrize("stream", [True, False])
def test_client_that_goes_away_stops_the_model(port: int, house: House, *, stream: bool) -> None:
    """Closing the connection ends the generation within a few words, and gives the token's slot back."""
    gate = house.model_server.gate
    assert gate
    connection = ask(port, house, stream=stream)
    until(lambda: house.model_server.sent == 1)
    line = connection.sock
    response = connection.getresponse() if stream else None
    assert response is None or response.readline() == b"event: meta\n"
    line.shutdown(socket.SHUT_RDWR)
    line.close()

    def goes_on() -> bool:
        gate.release()  # the model writes on, word by word, until it is stopped
        return house.model_server.is_closed.wait(0.02)

    until(goes_on)
    assert house.model_server.sent < 500
    until(lambda: house.ledger.recent("ana", 1)[0].state is State.CANCELLED)
    house.model_server.pieces = ["again"]
    until(lambda: ask(port, house, stream=False).getresponse().status == 200)


def test_foreign_host_is_refused(port: int) -> None:
    """A page of another site whose name points here gets nothing, not even the console."""
    for host, status in [("evil.example", 421), (f"evil.example:{port}", 421), (f"localhost:{port}", 200)]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/", headers={"Host": host})
        assert connection.getresponse().status == status
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as bare:
        bare.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in bare.recv(100)


def test_other_origins_get_no_permission(port: int) -> None:
    """No CORS: a browser keeps what we answer from other sites' pages."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("OPTIONS", "/draft", headers={"Origin": "https://evil.example"})
    response = connection.getresponse()
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_endless_body_is_cut_off(port: int) -> None:
    """A body far over the limit is refused without being read to its end."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as bare:
        bare.sendall(f"POST /draft HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 999999999\r\n\r\n".encode())
        assert b" 413 " in bare.recv(100)


def test_port_in_use_is_said_clearly() -> None:
    """A second service on the same port gets a sentence, not a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = HttpSettings(port=taken.getsockname()[1])
        with pytest.raises(UsageError, match="Another program listens") as caught:
            listen(lambda environ, start: [], settings)  # noqa: ARG005  never called
        assert "[http] port" in caught.value.hint
