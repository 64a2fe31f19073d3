"""What sync learns from, and what it archives or passes over without."""

from connectors.archive import Archive
from connectors.cleaning import mime
from connectors.message import Email
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import raw_mail
from tests.connectors.sync.syncing import SIGNED, ListAccount, received, reply, run


def test_says_what_is_not_learned_from(archive: Archive) -> None:
    """Other senders, short mail and copies are archived, with the reason."""
    messages = [
        raw_mail(1),
        raw_mail(2, body="Fine with me!\n"),
        raw_mail(3, sender="Max <max.ana@example.org>"),
        raw_mail(1).replace(b"<m1@", b"<copy@"),
    ]
    report = run(ListAccount(messages=messages), archive)
    assert report == SyncReport(new=4, kept=1)
    reasons = {mail.email.message_id: mail.reason for mail in archive.mails("ana", kept=False)}
    assert reasons == {
        "m2@example.org": "fewer than 5 words",
        "m3@example.org": "another sender",
        "copy@example.org": "a duplicate",
    }


def test_a_copy_that_comes_later_is_a_copy_too(archive: Archive) -> None:
    """Duplicates are found across syncs and batches."""
    messages = [raw_mail(1), raw_mail(1).replace(b"<m1@", b"<copy@")]
    run(ListAccount(messages=messages[:1]), archive)
    assert run(ListAccount(messages=messages), archive) == SyncReport(new=1)


def test_a_block_that_repeats_is_cut_off_and_remembered(archive: Archive) -> None:
    """The first sync finds it in what it archived; later ones cut it off at once; what gets too short goes."""
    messages = [raw_mail(number, body=SIGNED.format(number)) for number in range(60)]
    messages.append(raw_mail(60, body="Yes.\n\n" + SIGNED.partition("Best,")[2].partition("\n\n")[2]))
    run(ListAccount(messages=messages[:-2]), archive)
    assert "Example GmbH" in archive.signature("ana")
    run(ListAccount(messages=messages), archive)
    mails = list(archive.mails("ana"))
    assert all("GmbH" not in mail.email.text and "GmbH" in mail.email.signature for mail in mails)
    assert mails[0].email.text.endswith("Ana")
    assert [mail.email.text for mail in mails if not mail.kept] == ["Yes."]


def test_mail_kept_for_its_signature_alone_is_let_go(archive: Archive) -> None:
    """A short mail that looked long enough with its signature is judged again without it."""
    messages = [raw_mail(number, body=SIGNED.format(number)) for number in range(60)]
    messages.append(raw_mail(60, body="Yes.\n\n" + SIGNED.partition("Best,")[2].partition("\n\n")[2]))
    run(ListAccount(messages=messages), archive)
    short = archive.get("ana", "m60@example.org")
    assert short is not None
    assert (short.kept, short.reason) == (False, "fewer than 5 words")


def test_a_veto_keeps_mail_out_of_what_is_learned(archive: Archive) -> None:
    """It is archived with the reason of the veto, and its text does not make a later mail a duplicate."""
    messages = [raw_mail(1), raw_mail(1).replace(b"<m1@", b"<copy@"), raw_mail(2, body="Fine.\n")]

    def veto(email: Email) -> str:
        return "an unedited draft" if email.message_id == "m1@example.org" else ""

    report = sync(ListAccount(messages=messages), archive, SyncSettings(), lambda _done, _total: None, veto=veto)
    assert report == SyncReport(new=3, kept=1)
    assert {mail.email.message_id: mail.reason for mail in archive.mails("ana")} == {
        "m1@example.org": "an unedited draft",
        "copy@example.org": "",
        "m2@example.org": "fewer than 5 words",
    }


def test_what_is_forgotten_is_not_stored_again(archive: Archive) -> None:
    """Neither among sent mail nor among the mail it answers; the cursor moves past it."""
    messages = [raw_mail(1), reply(2, answers=8), reply(3, answers=9)]
    account = ListAccount(messages=messages, inbox=[received(8), received(9)])

    def is_forgotten(email: Email) -> bool:
        return email.message_id in {"m1@example.org", "m9@example.org"}

    report = sync(
        account, archive, SyncSettings(), lambda _done, _total: None, is_forgotten=is_forgotten, parse=mime.parse
    )
    assert report == SyncReport(new=2, kept=2, forgotten=1, parents=1)
    assert archive.get("ana", "m1@example.org") is None
    assert archive.get("ana", "m9@example.org") is None
    assert archive.cursor("ana") == "3"
