"""Google's keys: fetched when they are needed, kept as long as they are good, and never for a stranger's sake."""

import json

import pytest

from connectors.errors import Unreachable
from service.addon.certificates import LONGEST_S, SHORTEST_S, STALE_S, Certificates
from tests.service.addon.google import Gmail, KeyServer
from tests.service.addon.house import AddonHouse

WHERE = "https://www.googleapis.com/oauth2/v1/certs"


class Clock:
    """Seconds, as the test wants them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@pytest.mark.parametrize(("max_age", "kept_s"), [(3600, 3600), (1, SHORTEST_S), (10**9, LONGEST_S)])
def test_keys_are_kept_as_long_as_google_says(max_age: int, kept_s: float) -> None:
    """One fetch serves until then, within reason; then there is another one."""
    server, clock = KeyServer(max_age=max_age), Clock()
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
    server, clock = KeyServer(max_age=3600), Clock()
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
