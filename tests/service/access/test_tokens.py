"""Tokens: made, shown, listed, revoked."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from connectors.schema import token as table
from service.access.tokens import Tokens
from service.problems import NotAllowed
from tests.service.stand_ins import NOON


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
    assert "cyrano pair" in caught.value.hint


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


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", "chrome-extension://x\0", "\0"])
def test_what_is_no_extension_is_bound_to_nothing(engine: Engine, origin: str) -> None:
    """And costs no question to the database, which would refuse some of it."""
    asked = list[str]()
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert not Tokens(engine).is_bound(origin)
    assert asked == []


@pytest.mark.parametrize("handle", ["", "%" * 16, "_" * 16, "0" * 15, "\0" * 16, "0" * 65, "G" * 16])
def test_what_is_no_handle_names_no_token(engine: Engine, handle: str) -> None:
    """Not even where a database would take it for a pattern, or refuse it."""
    tokens = Tokens(engine)
    tokens.create("ana", "browser")
    assert tokens.revoke_one("ana", handle) == 0
    assert len(tokens.list()) == 1


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
