"""`cyrano token`."""

from pathlib import Path

import pytest

from connectors.database import open_database
from service.access.audit import ELSEWHERE, Audit, Use
from service.access.pairing import Pairings, State
from tests.service.commands.calling import Cyrano


@pytest.mark.usefixtures("ana")
def test_one_is_made_listed_and_revoked(cyrano: Cyrano) -> None:
    """It is shown once; the list knows its label only; revoked, it is gone."""
    token = cyrano("token", "create", "--label", "browser").out.strip()
    listed = cyrano("token", "list").out
    assert token.startswith("cyr_")
    assert listed.startswith("ana  browser  made ")
    assert "last used never" in listed
    assert token not in listed
    assert cyrano("token", "revoke", "browser").out == "Revoked 1 of ana's tokens.\n"
    assert "No tokens yet" in cyrano("token", "list").out


@pytest.mark.usefixtures("ana")
def test_an_unknown_label_is_said(cyrano: Cyrano) -> None:
    """Nobody believes a token gone that is still good."""
    assert cyrano("token", "revoke", "browser").code == 2


@pytest.mark.usefixtures("ana")
def test_a_browsers_label_alone_revokes_it_everywhere(cyrano: Cyrano, mbox: Path) -> None:
    """A browser is paired with all accounts at once, and its label is what its owner is told; it says in which."""
    label = "Chrome 156 on Linux"
    ben = ("--path", mbox, "--address", "ben@example.net", "--owner", "Ben", "--name", "ben")
    assert cyrano("account", "add", "mbox", *ben).code == 0
    for account in ("ana", "ben"):
        for each in (label, "phone"):
            cyrano("token", "create", "--account", account, "--label", each)
    assert cyrano("token", "revoke", "phone", "--account", "ben").out == "Revoked 1 of ben's tokens.\n"
    assert cyrano("token", "revoke", label).lines == ["Revoked 1 of ana's tokens.", "Revoked 1 of ben's tokens."]
    (left,) = cyrano("token", "list").lines
    assert left.startswith("ana  phone  ")
    said = cyrano("token", "revoke", "phone", "--account", "ben")
    assert (said.code, "ben has no token labelled phone." in said.err) == (2, True)


@pytest.mark.usefixtures("ana")
def test_it_may_what_it_was_made_for(cyrano: Cyrano) -> None:
    """All where nothing is said; else the scopes given; one that is none is refused."""
    cyrano("token", "create", "--label", "all")
    cyrano("token", "create", "--label", "some", "--scope", "read", "--scope", "draft")
    everything, some = cyrano("token", "list").lines
    assert everything.endswith("  may draft, read, manage")
    assert some.endswith("  may draft, read")
    assert cyrano("token", "create", "--label", "x", "--scope", "fly").code == 2


@pytest.mark.usefixtures("ana")
def test_the_audit_says_who_was_let_in(cyrano: Cyrano, home: Path) -> None:
    """By the hour; of one account, or of all and of strangers; gone with the account, as is a code for it."""
    assert cyrano("token", "audit").out == "Nobody asked in this time.\n"
    audit = Audit(open_database(f"sqlite:///{home / 'cyrano.db'}"))
    page = Use(action="POST /draft", outcome="wrong-origin", origin=ELSEWHERE)
    for use in (
        Use(account="ana", label="phone", action="POST /draft"),
        Use(action="GET /", outcome="wrong-host"),
        page,
    ):
        audit.note(use)
    audit.flush()
    code = Pairings(audit._engine).make(["ana"])
    assert {line.partition("UTC  ")[2] for line in cyrano("token", "audit").lines} == {
        "ana  phone  POST /draft  ok  1",
        "somebody  GET /  wrong-host  1",
        "an unknown origin  POST /draft  wrong-origin  1",
    }
    assert len(cyrano("token", "audit", "--account", "ana").lines) == 1
    assert cyrano("account", "remove", "ana", "--yes").code == 0
    assert {line.rpartition("  ")[0].rpartition("  ")[2] for line in cyrano("token", "audit").lines} == {
        "wrong-host",
        "wrong-origin",
    }
    assert Pairings(audit._engine).state(code.key) is State.REPLACED


def test_without_an_account_there_is_none(cyrano: Cyrano) -> None:
    """A token opens an account; there must be one."""
    assert cyrano("token", "create", "--label", "browser").code == 2
