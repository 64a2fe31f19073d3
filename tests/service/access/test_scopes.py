"""What a token may do, asked of every address there is."""

import re

import pytest
from flask.testing import FlaskClient

from service.access.scopes import ALL, Scope, read_scopes, scope_of
from tests.service.stand_ins import House

BASE = "http://127.0.0.1:8380"
OPEN = {
    "/", "/adapters", "/mail", "/usefulness", "/browsers", "/static/<path:filename>",
    "/healthz", "/readyz", "/openapi.json",
    "/console/report/<ticket>",  # the ticket is what lets in
}  # fmt: skip
DRAFTING = {("POST", "/draft"), ("GET", "/accounts"), ("POST", "/drafts/<draft_id>/feedback"), ("DELETE", "/pair")}


def routes_of(client: FlaskClient) -> list[tuple[str, str]]:
    """Every method and address that needs a token."""
    rules = list(client.application.url_map.iter_rules())
    pairs = [(method, rule.rule) for rule in rules for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    return [(method, rule) for method, rule in pairs if rule not in OPEN and (method, rule) != ("POST", "/pair")]


def needed(method: str, rule: str) -> Scope:
    """The scope that the contract names."""
    if (("GET" if method == "HEAD" else method), rule) in DRAFTING:
        return Scope.DRAFT
    return Scope.READ if method in {"GET", "HEAD"} else Scope.MANAGE


def test_every_address_wants_a_token_made_for_it(client: FlaskClient, house: House) -> None:
    """Without one, with a wrong one, and with one that lacks just the scope that is needed: refused, always."""
    found = routes_of(client)
    assert len(found) > 20
    for method, rule in found:
        path = re.sub(r"<int:\w+>", "3", re.sub(r"<\w+>", "x", rule))
        for header in ({}, {"Authorization": "Bearer cyr_wrong"}):
            response = client.open(path, method=method, headers=header, base_url=BASE)
            assert response.status_code in {401, 429}, (method, rule)
        others = [scope for scope in ALL if scope is not needed(method, rule)]
        token = house.tokens.create("ana", "lacks one", scopes=others)
        response = client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, base_url=BASE)
        assert response.status_code == 403, (method, rule)
        if method != "HEAD":
            assert response.get_json(force=True)["type"] == "urn:cyrano:wrong-scope"
            assert f"--scope {needed(method, rule)}" in response.get_json(force=True)["hint"]


def test_the_one_scope_that_is_needed_is_enough(client: FlaskClient, house: House) -> None:
    """A token that drafts drafts, one that reads reads."""
    draft = {"Authorization": f"Bearer {house.tokens.create('ana', 'drafts', scopes=[Scope.DRAFT])}"}
    read = {"Authorization": f"Bearer {house.tokens.create('ana', 'reads', scopes=[Scope.READ])}"}
    manage = {"Authorization": f"Bearer {house.tokens.create('ana', 'manages', scopes=[Scope.MANAGE])}"}
    assert client.post("/draft", json={"instruction": "x"}, headers=draft, base_url=BASE).status_code == 200
    assert client.get("/accounts", headers=draft, base_url=BASE).status_code == 200
    assert client.get("/drafts", headers=read, base_url=BASE).status_code == 200
    assert client.get("/console/browsers", headers=read, base_url=BASE).status_code == 200
    assert client.post("/pairing", headers=manage, base_url=BASE).status_code == 200


def test_scopes_that_are_not_known_allow_nothing() -> None:
    """A newer Cyrano's word in the table opens nothing here."""
    assert read_scopes(["draft", "fly", ""]) == {Scope.DRAFT}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get", "OPTIONS", "TRACE"])
def test_whatever_does_not_only_look_is_to_manage(method: str) -> None:
    """Where nothing is said, the narrower way."""
    assert scope_of(method) is Scope.MANAGE
