"""The add-on's addresses, which know no token of ours: all of them behind Google's."""

import pytest

from tests.service.access.test_scopes import OPEN, routes_of
from tests.service.addon.google import URL, Gmail, sign, system_claims
from tests.service.addon.house import AddonHouse
from tests.service.stand_ins import House

BASE = "http://127.0.0.1:8380"


@pytest.fixture
def addon(house: House) -> AddonHouse:
    """The whole service, with the add-on switched on."""
    return AddonHouse(house=house)


def test_every_address_of_the_add_on_wants_googles_tokens(addon: AddonHouse) -> None:
    """Without, with wrong ones, and with a token of ours that may do everything: refused, always."""
    found = [rule for method, rule in routes_of(addon.client) if rule.startswith("/addon/")]
    assert len(found) == 9
    ours = addon.house.tokens.create("ana", "may all")
    for rule in found:
        path = rule.removeprefix("/addon/")
        event = {**Gmail().event(path), "authorizationEventObject": {}}
        for bearer in ("", "no.token.atall", ours, sign(system_claims("elsewhere"))):
            assert addon.post(path, event, bearer=bearer).status_code == 401, (rule, bearer[:3])
        assert addon.client.post(rule, base_url=BASE, json=event).status_code == 421


def test_nothing_but_the_add_on_is_behind_its_name(addon: AddonHouse) -> None:
    """With the add-on on, every other address is where it was, and nowhere else."""
    token = {"Authorization": f"Bearer {addon.house.tokens.create('ana', 'may all')}"}
    rules = {rule for _, rule in routes_of(addon.client)} | OPEN | {"/pair"}
    for rule in sorted(rule for rule in rules if not rule.startswith("/addon/")):
        for method in ("GET", "POST", "DELETE"):
            response = addon.client.open(rule, method=method, base_url=URL, headers=token)
            assert response.status_code in {404, 405, 421}, (method, rule)
            assert response.status_code == 421 or "<" in rule
