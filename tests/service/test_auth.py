"""Tokens, and the names the service answers to."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from connectors.schema import token as table
from service.auth import Tokens, check_host
from service.http import LOOPBACK
from service.problems import NotAllowed, WrongHost
from tests.service.stand_ins import NOON, make_database


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An empty database."""
    return make_database(tmp_path)


def test_token_opens_its_account_only(engine: Engine) -> None:
    """Each token leads to the account it was made for, and tokens differ."""
    tokens = Tokens(engine)
    ana, bob = tokens.create("ana", "browser"), tokens.create("bob", "browser")
    assert ana.startswith("cyr_")
    assert len(ana) > 40
    assert tokens.check(f"Bearer {ana}").account == "ana"
    assert tokens.check(f"bearer  {bob} ").account == "bob"
    assert tokens.check(f"Bearer {ana}").token_id != tokens.check(f"Bearer {bob}").token_id


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer cyr_x", "Bearer \udcff", "cyr_x"]
)
def test_anything_else_is_refused(engine: Engine, header: str | None) -> None:
    """No token, another scheme, an unknown token: a clear no that says how to get one."""
    with pytest.raises(NotAllowed) as caught:
        Tokens(engine).check(header)
    assert "cyrano token create" in caught.value.hint


def test_token_itself_is_not_kept(engine: Engine) -> None:
    """Who reads the database cannot use what is there."""
    tokens = Tokens(engine)
    token = tokens.create("ana", "browser")
    with engine.connect() as connection:
        rows = connection.execute(select(table)).all()
    assert token.removeprefix("cyr_") not in str(rows)
    with pytest.raises(NotAllowed):
        tokens.check(f"Bearer {rows[0].token_hash}")


def test_revoked_token_is_refused(engine: Engine) -> None:
    """Revoking counts what it revoked, and touches no other account or label."""
    tokens = Tokens(engine)
    gone, kept = tokens.create("ana", "phone"), tokens.create("ana", "browser")
    tokens.create("bob", "phone")
    assert tokens.revoke("ana", "phone") == 1
    assert tokens.revoke("ana", "phone") == 0
    with pytest.raises(NotAllowed):
        tokens.check(f"Bearer {gone}")
    assert tokens.check(f"Bearer {kept}").account == "ana"
    assert [(row.account, row.label) for row in tokens.list()] == [("ana", "browser"), ("bob", "phone")]


def test_last_use_is_known_to_the_minute(engine: Engine) -> None:
    """The first use is noted at once, later ones when a minute has passed."""
    now = [NOON]
    tokens = Tokens(engine, clock=lambda: now[0])
    token = tokens.create("ana", "browser")
    assert tokens.list()[0].used_at is None
    for after_s, used_s in [(5, 5), (30, 5), (65, 65)]:
        now[0] = NOON + timedelta(seconds=after_s)
        tokens.check(f"Bearer {token}")
        assert tokens.list()[0].used_at == NOON + timedelta(seconds=used_s)


@pytest.mark.parametrize("host", ["127.0.0.1:8380", "localhost:8380", "LOCALHOST:8380", "[::1]:8380", "localhost"])
def test_our_own_names_are_let_in(host: str) -> None:
    """Loopback under its names, with our port or, behind a proxy, none."""
    check_host(host, LOOPBACK, 8380)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example:8380", "127.0.0.1:8381", "localhost.evil.example:8380", "127.0.0.1@evil.example",
        "evil.example", "127.0.0.1:8380/x", "127.0.0.1:x", "[::1", "localhost:8380,evil.example",
    ],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    """DNS rebinding gets nothing: the page's own name is in the header."""
    with pytest.raises(WrongHost):
        check_host(host, LOOPBACK, 8380)


def test_name_with_port_holds_for_that_port() -> None:
    """An entry with a port lets in that port only."""
    check_host("mail.example.org:443", ["mail.example.org:443"], 8380)
    for host in ("mail.example.org:8380", "mail.example.org"):
        with pytest.raises(WrongHost):
            check_host(host, ["mail.example.org:443"], 8380)
