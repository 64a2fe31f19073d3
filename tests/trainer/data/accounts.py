"""Archives with an account to learn from, with threads and drafts that were changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from connectors import schema
from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.instruction import Instruction
from connectors.message import Address, ArchivedEmail, Email
from tests.trainer.mails import ANA, BEN, archived, mail, mails

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def received(name: str, answered: Email, *, answers: str = "") -> ArchivedEmail:
    """Return a mail of Ben's that was there half a day before the one that answers it."""
    assert answered.sent_at
    email = Email(
        message_id=name, in_reply_to=answers, sender=BEN, to=(ANA,), sent_at=answered.sent_at - timedelta(hours=12),
        text=f"Dear Ana, what about {answered.subject}?",
    )  # fmt: skip
    return ArchivedEmail(account="ana", email=email, kept=False, is_received=True)


def add_long_thread(archive: Archive) -> None:
    """Let Ana answer one mail over and over again, and once more after all her other mail."""
    for number in (*range(21, 31), 50):
        email = replace(mail(number, answers="m20@Ana Sá"), message_id=f"long {number}", quoted="")
        archive.store("ana", [archived(email, "ana")], "2")


def fill(archive: Archive, name: str, owner: Address, count: int) -> list[Email]:
    """Add an account with some mails; Ana's hold a thread, and what she received in it, a forward and a short mail."""
    archive.add_account(
        AccountRecord(name=name, kind="mbox", owner=owner, addresses=frozenset({owner.addr}), settings={})
    )
    own = mails(count, sender=owner)
    if name == "ana":
        own[8] = replace(own[8], quoted="", in_reply_to="r8", references=("r8",))
        archive.store(name, [received("r8", own[8], answers=own[5].message_id)], None)
        archive.store(
            name, [replace(archived(replace(own[0], message_id="fwd"), name), kept=False, reason="a forward")], None
        )
    archive.store(name, [archived(each, name) for each in own], "1")
    given = [Instruction(message_id=e.message_id, text=f"Ask about {e.subject}", source="given") for e in own[::2]]
    archive.store_instructions(name, "", "", given)
    return own


def add_draft(
    archive: Archive, sent: Email, text: str, *, instruction: str = "", verdict: str = "light", made_at: datetime = NOW
) -> None:
    """Note that a draft was written, and that its owner sent this mail in its place."""
    draft = {
        "draft_id": f"{text} {sent.message_id}"[:32], "account": "ana", "kind": "answer", "state": "sent",
        "instruction": instruction, "text": text, "source_ids": [], "created_at": made_at, "changed_at": made_at,
    }  # fmt: skip
    outcome = {
        "draft_id": draft["draft_id"], "account": "ana", "sent_id": sent.message_id, "sent_at": sent.sent_at,
        "verdict": verdict, "distance": 0.2, "edits": [], "adapter": "",
    }  # fmt: skip
    with archive.engine.begin() as connection:
        connection.execute(insert(schema.draft), draft)
        connection.execute(insert(schema.outcome), outcome)
