"""service/mailboxes.py: which class stands for which kind, and with what it is let in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import ConfigError
from connectors.gmail.account import GmailAccount
from connectors.gmail.quota import QuotaSettings
from connectors.imap.account import ImapAccount
from connectors.mbox import MboxAccount
from connectors.message import Address
from connectors.oauth.endpoint import Grant
from connectors.oauth.store import TokenStore
from connectors.secrets import Secrets
from service.mailboxes import Mailboxes

ANA = Address(addr="ana@example.org", name="Ana")
IMAP = {"host": "mail.example.org", "user": ANA.addr}
OAUTH = {"oauth.provider": "google", "oauth.client_id": "me"}
GRANT = Grant(access_token="consent-a", refresh_token="consent-b", expires_in_s=3600.0)


def record(kind: str, settings: dict[str, str | int | bool]) -> AccountRecord:
    """An account of a kind."""
    return AccountRecord(name="ana", kind=kind, owner=ANA, addresses=frozenset({ANA.addr}), settings=settings)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return tmp_path


@pytest.fixture
def secrets(home: Path) -> Secrets:
    """Secrets of a machine without a keyring."""
    return Secrets(home=home, environ={}, keyring=None)


@pytest.fixture
def mailboxes(tmp_path: Path, secrets: Secrets) -> Iterator[Mailboxes]:
    """The mailboxes of an empty home."""
    with Archive.open(f"sqlite:///{tmp_path}/cyrano.db") as archive:
        yield Mailboxes(archive, secrets, tmp_path, max_message_mb=25, gmail=QuotaSettings())


def test_each_kind_has_its_class(mailboxes: Mailboxes, secrets: Secrets) -> None:
    """Nothing is connected by opening."""
    secrets.store("ana", "secret-a")
    kinds = {
        "mbox": (MboxAccount, {"path": "/nowhere/Sent.mbox"}),
        "imap": (ImapAccount, IMAP),
        "gmail": (GmailAccount, {"user": ANA.addr, **OAUTH}),
    }
    for kind, (made, settings) in kinds.items():
        assert isinstance(mailboxes.open_account(record(kind, dict(settings))), made)


def test_drafts_are_kept_where_somebody_wants_them(mailboxes: Mailboxes) -> None:
    """Not in a file, and in Gmail only with the consent for it."""
    assert mailboxes.has_drafts(record("imap", dict(IMAP)))
    assert mailboxes.has_drafts(record("gmail", {"writes_drafts": True}))
    assert not mailboxes.has_drafts(record("gmail", {"writes_drafts": False}))
    assert not mailboxes.has_drafts(record("mbox", {"path": "x"}))


def test_the_mark_changes_with_the_credentials_and_tells_nothing_of_them(
    mailboxes: Mailboxes, secrets: Secrets, home: Path
) -> None:
    """By it a running Cyrano sees that somebody signed in again."""
    ana = record("imap", dict(IMAP))
    marks = [mailboxes.mark(ana)]
    secrets.store("ana", "secret-a")
    marks.append(mailboxes.mark(ana))
    TokenStore("ana", secrets, home).begin(GRANT, now=1.0)
    marks.append(mailboxes.mark(ana))
    assert len(set(marks)) == 3
    assert mailboxes.mark(ana) == marks[-1]
    assert not any("secret-a" in mark or "consent" in mark for mark in marks)


def test_a_renewed_token_changes_no_mark(mailboxes: Mailboxes, secrets: Secrets, home: Path) -> None:
    """A refused token is renewed at each attempt: were that news, a refusal would be tried again without an end."""
    ana = record("imap", {**IMAP, **OAUTH})
    store = TokenStore("ana", secrets, home)
    store.begin(GRANT, now=1.0)
    before = mailboxes.mark(ana)
    store.write(store.read().renewed(replace(GRANT, refresh_token="rotated"), now=2.0))
    assert mailboxes.mark(ana) == before
    store.begin(GRANT, now=3.0)
    assert mailboxes.mark(ana) != before


def test_a_missing_password_is_said_with_what_to_do(mailboxes: Mailboxes) -> None:
    """By name, never with a guess."""
    with pytest.raises(ConfigError) as raised:
        mailboxes.credential(record("imap", dict(IMAP)))
    assert "cyrano account login ana" in raised.value.hint


def test_tokens_are_chosen_where_the_account_has_them(mailboxes: Mailboxes) -> None:
    """Even where a password lies about."""
    assert not isinstance(mailboxes.credential(record("imap", {**IMAP, **OAUTH})), str)
