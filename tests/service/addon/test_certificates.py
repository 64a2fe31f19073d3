"""Google's keys: fetched when they are needed, kept as long as they are good, and never for a stranger's sake."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.errors import Unreachable
from service.addon.certificates import FAILED_S, LONGEST_S, SHORTEST_S, STALE_S, WAIT_S, Certificates, Keys
from tests.clock import Clock
from tests.service.addon.google import Gmail, KeyServer
from tests.service.addon.house import AddonHouse

WHERE = "https://www.googleapis.com/oauth2/v1/certs"


@pytest.mark.parametrize(("max_age", "kept_s"), [(3600, 3600), (1, SHORTEST_S), (10**9, LONGEST_S)])
def test_keys_are_kept_as_long_as_google_says(max_age: int, kept_s: float) -> None:
    """One fetch serves until then, within reason; then there is another one."""
    server, clock = KeyServer(max_age=max_age), Clock(0.0)
    certificates = Certificates(fetch=server, clock=clock)
    for _ in range(3):
        assert "key-1" in json.loads(certificates(WHERE).data)
    clock.now = kept_s - 1
    certificates(WHERE)
    assert server.asked == 1
    clock.now = kept_s
    certificates(WHERE)
    assert server.asked == 2


def test_old_keys_serve_while_google_cannot_be_reached() -> None:
    """For a day; asked again once a minute, not with every request; then nobody is let in."""
    server, clock = KeyServer(max_age=3600), Clock(0.0)
    certificates = Certificates(fetch=server, clock=clock)
    certificates(WHERE)
    server.is_down, clock.now = True, 4000.0
    for _ in range(3):
        certificates(WHERE)
    assert server.asked == 2
    clock.now = 3600 + STALE_S
    with pytest.raises(Unreachable, match="cannot be fetched"):
        certificates(WHERE)


@pytest.mark.parametrize("server", [KeyServer(is_down=True), KeyServer(status=500), KeyServer(status=302)])
def test_without_keys_nobody_is_let_in(server: KeyServer, house: AddonHouse) -> None:
    """It is said to be nobody's fault, and no card is shown."""
    house.keys = server
    response = house.post("home", Gmail().event("home"))
    assert response.status_code == 502
    assert "keys cannot be fetched" in response.get_json(force=True)["detail"]


def test_strangers_cannot_make_us_ask_google(house: AddonHouse) -> None:
    """Tokens that are none, or name keys nobody knows, cost no further fetch."""
    house.ask("home")
    for number in range(10):
        house.post("home", Gmail().event("home"), bearer=f"a.b.{number}")
    assert house.keys.asked == 1


def test_failure_is_remembered() -> None:
    """Without keys Google is not asked again with every request, and is asked again after a while."""
    server, clock = KeyServer(is_down=True), Clock(0.0)
    certificates = Certificates(fetch=server, clock=clock)
    for _ in range(5):
        with pytest.raises(Unreachable):
            certificates(WHERE)
    assert server.asked == 1
    server.is_down, clock.now = False, FAILED_S
    assert certificates(WHERE).status == 200
    assert server.asked == 2


class SlowServer(KeyServer):
    """Google's keys, when the test lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.gate = threading.Event(), threading.Event()

    def __call__(self, url: str) -> Keys:
        """Answer as late as that."""
        self.is_asked.set()
        self.gate.wait(10)
        return super().__call__(url)


def test_nobody_waits_long_for_the_fetch_of_another() -> None:
    """While Google hangs, requests do not pile up behind the one that asked: each is soon told that there are none."""
    server = SlowServer()
    certificates = Certificates(fetch=server)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(certificates, WHERE)
        assert server.is_asked.wait(5)
        began = time.monotonic()
        with pytest.raises(Unreachable):
            certificates(WHERE)
        assert time.monotonic() - began < WAIT_S + 5
        server.gate.set()
        assert first.result().status == 200
    assert server.asked == 1


def test_old_keys_serve_at_once_while_new_ones_are_fetched() -> None:
    """One request waits for Google, the others do not."""
    server, clock = SlowServer(), Clock(0.0)
    certificates = Certificates(fetch=server, clock=clock)
    server.gate.set()
    certificates(WHERE)
    server.gate.clear()
    server.is_asked.clear()
    clock.now = 4000
    with ThreadPoolExecutor() as pool:
        first = pool.submit(certificates, WHERE)
        assert server.is_asked.wait(5)
        assert certificates(WHERE).status == 200
        assert not first.done()
        server.gate.set()
        assert first.result().status == 200
