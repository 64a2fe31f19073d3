"""The archive as a source: the newest mails with their threads and drafts, each account by itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.errors import UsageError
from connectors.instruction import Instruction
from tests.trainer.data.accounts import NOW, add_draft, fill
from tests.trainer.mails import ANA, BEN, archived, mail
from trainer.data.source import EMPTY, OLDER, ArchiveSource, Draft


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Ana's mail and Ben's."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        fill(opened, "ana", ANA, 12)
        fill(opened, "ben", BEN, 3)
        yield opened


def test_the_newest_mails_are_chosen_and_the_others_accounted_for(archive: Archive) -> None:
    """Every mail of the account is among the chosen ones or has a reason."""
    archive.store("ana", [archived(replace(mail(20), text=""), "ana")], None)
    archive.exclude("ana", "m11@Ana Sá")
    chosen = ArchiveSource(archive, "ana").choose(5)
    assert [each.email.message_id for each in chosen.mails] == [f"m{number}@Ana Sá" for number in range(6, 11)]
    assert chosen.left_out == {OLDER: 6, EMPTY: 1, "a forward": 1, "taken out by its owner": 1}
    assert chosen.reasons["m11@Ana Sá"] == "taken out by its owner"
    assert len(chosen.reasons) + len(chosen.mails) == 14


def test_a_thread_is_brought_along_from_outside_the_window(archive: Archive) -> None:
    """Older mail is not learned from, but it was there when the answer was written."""
    (reply,) = (each for each in ArchiveSource(archive, "ana").choose(4).mails if each.thread and len(each.thread) > 1)
    assert reply.email.message_id == "m8@Ana Sá"
    assert [each.sender for each in reply.thread] == [ANA, BEN]
    assert reply.conversation == "m5@Ana Sá"
    assert ArchiveSource(archive, "ana", thread_messages=1).choose(4).mails[0].thread == reply.thread[-1:]


def test_a_mail_knows_the_draft_it_was_sent_in_place_of(archive: Archive) -> None:
    """The last one, where there were several."""
    sent = mail(3)
    add_draft(archive, sent, "Second.", instruction="Write", made_at=NOW + timedelta(hours=1))
    add_draft(archive, sent, "The first.", verdict="rewritten")
    drafts = {each.email.message_id: each.draft for each in ArchiveSource(archive, "ana").choose(100).mails}
    assert drafts.pop("m3@Ana Sá") == Draft(text="Second.", instruction="Write")
    assert set(drafts.values()) == {None}


def test_others_are_the_other_accounts(archive: Archive) -> None:
    """Each with its own owner and mail."""
    (ben,) = ArchiveSource(archive, "ana").others()
    assert (ben.account, ben.owner, len(ben.choose(100).mails)) == ("ben", BEN, 3)
    with pytest.raises(UsageError, match="nobody"):
        ArchiveSource(archive, "nobody")


def test_instructions_are_those_of_the_archive(archive: Archive) -> None:
    """Read and kept there."""
    source = ArchiveSource(archive, "ana")
    source.store_instructions("ana", "9", "base", [Instruction(message_id="m1@Ana Sá", text="Write", source="model")])
    assert source.instructions("ana", "9", "base")["m1@Ana Sá"].text == "Write"
    assert archive.instructions("ana", "9", "base")["m1@Ana Sá"].source == "model"
