"""Looking through sent mail: every word counts, in any writing; no account sees another's, and no letter is a sign."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.archive_search import PAGE, Search, Stock, Where, Which, count_stock, search
from connectors.message import Address, ArchivedEmail
from connectors.rows import EXCLUDED
from tests.connectors.samples import account_record, archived


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive with the accounts ana and ben."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        opened.add_account(account_record("ana"))
        opened.add_account(account_record("ben"))
        yield opened


def letter(
    number: int, *, kept: bool = True, reason: str = "", account: str = "ana", **changes: object
) -> ArchivedEmail:
    """A mail with something changed."""
    mail = archived(number, account=account, kept=kept)
    return replace(mail, reason=reason, email=replace(mail.email, **changes))  # type: ignore[arg-type]  # fields of mail


def store(archive: Archive, *mails: ArchivedEmail) -> None:
    """Put mail into the archive."""
    for account in {mail.account for mail in mails}:
        archive.store(account, [mail for mail in mails if mail.account == account], cursor=None)


def numbers(archive: Archive, words: str = "", **sought: object) -> list[int]:
    """Name what is found by its number."""
    found = search(archive.engine, "ana", Search(words=words, **sought))  # type: ignore[arg-type]  # fields of a search
    assert found.total == len(found.mails)
    return [int(mail.email.message_id.partition("@")[0][1:]) for mail in found.mails]


def test_every_word_must_be_there(archive: Archive) -> None:
    """Words may stand in subject, text or among the people, in any order and in upper or lower case."""
    store(
        archive,
        letter(1, subject="Harbour walk", text="at ten"),
        letter(2, subject="Walk", text="along the river"),
        letter(3, subject="Lunch", text="By the HARBOUR wall", to=(Address(addr="walker@example.net", name=""),)),
    )
    assert numbers(archive, "harbour WALK") == [3, 1]
    assert numbers(archive, "harbour walk unicorn") == []
    assert numbers(archive) == [3, 2, 1]


def test_people_are_found_by_address_and_name(archive: Archive) -> None:
    """Whoever it went to, openly or not; a name with an accent is found as it is written, small or large."""
    store(
        archive,
        letter(1, to=(Address(addr="jürgen@example.net", name="Jürgen Öztürk"),)),
        letter(2, to=(), bcc=(Address(addr="hidden@example.net", name=""),), text="for Öztürk"),
    )
    assert numbers(archive, "öztürk", where=Where.PEOPLE) == [1]
    assert numbers(archive, "ÖZTÜRK", where=Where.PEOPLE) == [1]
    assert numbers(archive, "Jürgen", where=Where.PEOPLE) == [1]
    assert numbers(archive, "hidden@example.net", where=Where.PEOPLE) == [2]
    assert numbers(archive, "Öztürk") == [2, 1]


def test_subject_alone_can_be_looked_through(archive: Archive) -> None:
    """What stands in the text does not count then."""
    store(archive, letter(1, subject="Überweisung"), letter(2, text="die überweisung"))
    assert numbers(archive, "überweisung", where=Where.SUBJECT) == [1]


@pytest.mark.parametrize("sign", ["%", "_", "/", "\\", "'", '"', "100%_'; --"])
def test_no_letter_has_a_meaning_of_its_own(archive: Archive, sign: str) -> None:
    """Signs of the database's own language are letters like others."""
    store(archive, letter(1, subject=f"it says {sign} there"), letter(2, subject="it says nothing"))
    assert numbers(archive, sign) == [1]


def test_names_in_json_hide_nothing(archive: Archive) -> None:
    """A word is not found in how addresses are written down."""
    store(archive, letter(1))
    for word in ("bcc", "reply_to", "cc", "[[", '"', ", ["):
        assert numbers(archive, word, where=Where.PEOPLE) == []


def test_address_is_found_as_it_is_pasted(archive: Archive) -> None:
    """With name, brackets and comma, as another program shows it."""
    store(archive, letter(1), letter(2, to=(Address(addr="marta@example.org", name="Marta Kling"),)))
    assert numbers(archive, "Marta Kling <marta@example.org>,", where=Where.PEOPLE) == [2]


def test_what_is_learned_from_and_what_is_left_out_are_told_apart(archive: Archive) -> None:
    """By what was judged, and by what the owner took out, which counts for more."""
    store(
        archive,
        letter(1),
        letter(2),
        letter(3, kept=False, reason="a duplicate"),
        letter(4, kept=False, reason="a duplicate"),
        letter(5, kept=False, reason="a forward"),
        letter(6, kept=False, reason="a forward"),
        letter(7, kept=False, reason="a forward"),
    )
    archive.exclude("ana", "m2@example.org")
    archive.exclude("ana", "m7@example.org")
    assert numbers(archive) == [1]
    assert numbers(archive, which=Which.LEFT_OUT) == [7, 6, 5, 4, 3, 2]
    assert numbers(archive, which=Which.LEFT_OUT, reason="a forward") == [6, 5]
    assert numbers(archive, which=Which.LEFT_OUT, reason=EXCLUDED) == [7, 2]
    assert numbers(archive, which=Which.ALL) == [7, 6, 5, 4, 3, 2, 1]
    stock = count_stock(archive.engine, "ana")
    assert stock == Stock(learned=1, left_out={"a duplicate": 2, "a forward": 2, EXCLUDED: 2})


def test_nothing_of_others_and_nothing_received_is_seen(archive: Archive) -> None:
    """Another account's mail and the mail that was answered stand apart."""
    store(archive, letter(1), letter(2, account="ben"))
    store(archive, replace(letter(3, kept=False), is_received=True))
    assert numbers(archive, which=Which.ALL) == [1]
    assert count_stock(archive.engine, "ana") == Stock(learned=1, left_out={})
    assert count_stock(archive.engine, "nobody") == Stock(learned=0, left_out={})


def test_pages_follow_each_other(archive: Archive) -> None:
    """Each mail is on one page, the newest on the first; beyond the last there is the last."""
    store(archive, *(letter(number) for number in range(PAGE + 3)), letter(99, sent_at=None))
    first, last, beyond = (search(archive.engine, "ana", Search(page=page)) for page in (0, 1, 7))
    assert (first.total, first.pages, len(first.mails), len(last.mails)) == (PAGE + 4, 2, PAGE, 4)
    assert last.mails[-1].email.message_id == "m99@example.org"
    assert beyond == last
    assert search(archive.engine, "ben", Search(page=3)).mails == ()
