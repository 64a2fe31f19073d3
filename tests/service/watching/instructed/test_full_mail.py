"""A draft with an instruction becomes one full mail."""

import threading
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from connectors.archive import Archive
from connectors.cleaning.mime import parse
from connectors.composing.reply import ComposeSettings
from connectors.imap.mailbox import ImapMailbox
from service.draft_row import DraftKind, State
from service.ledger import Ledger
from service.watching.answer import Writing
from service.watching.instructed import Instructed
from tests.dovecot import PASSWORDS, Dovecot
from tests.service.watching.fake_mailbox import DRAFTS, INBOX, FakeDrafter, Steps
from tests.service.watching.instructed.asking import SETTLE_S, asking, full_mail, settle
from tests.service.watching.watched import ANA, World, mail


def test_what_the_model_wrote_asks_for_nothing(world: World) -> None:
    """Else a mail that has it begin so would give orders, and its own answer would be the next."""
    world.text = "@cyrano say more"
    settle(world)
    world.server.put("Cyrano", mail(1))
    world.look(4, after_s=SETTLE_S + 1)
    assert [row.kind for row in world.rows] == [DraftKind.INSTRUCTED, DraftKind.ANSWER]
    assert [parse(raw).text for raw in world.server.draft_bytes] == ["cyrano say more"] * 2


def test_it_becomes_the_full_mail(world: World) -> None:
    """With the owner's recipients, subject and signature, and under the ledger's eyes."""
    settle(world)
    email = parse(full_mail(world))
    assert [each.addr for each in (*email.to, *email.cc)] == ["ben@example.net", "eve@example.com"]
    assert (email.subject, email.signature) == ("Monday", "Ana")
    (row,) = world.rows
    assert (row.kind, row.state, row.original) == (DraftKind.INSTRUCTED, State.APPENDED, None)
    assert row.recipients == ("ben@example.net", "eve@example.com")


def test_it_is_left_alone_while_its_owner_types(world: World) -> None:
    """Each save begins the waiting anew."""
    for letter in b"abc":
        world.look(after_s=SETTLE_S - 1)
        world.server.save(b"kindly", b"kindly" + bytes([letter]))
    assert not world.rows
    settle(world)
    assert world.rows[0].instruction == "decline, but kindlycba"


def test_the_watcher_knows_when_to_look_again(world: World) -> None:
    """It does not wait for the next poll."""
    watcher = world.start()
    world.look()
    due_at = watcher._instructed.due_at
    assert due_at is not None
    assert timedelta(0) < due_at - world.now <= timedelta(seconds=SETTLE_S)
    settle(world)
    assert watcher._instructed.due_at is None


def test_a_clock_that_is_set_back_does_not_hold_it_up(world: World) -> None:
    """The waiting begins anew, and ends."""
    world.look()
    world.now -= timedelta(days=400)
    settle(world)
    full_mail(world)


def test_the_prompt_knows_whom_and_what_it_answers(world: World) -> None:
    """The mail itself where the mailbox has it, not what the draft quotes of it; and only the owner's words ask."""
    world.server.folders[DRAFTS].clear()
    world.server.put(INBOX, mail(1))
    world.server.put(DRAFTS, asking(answers=1, quote="On 2026-11-20 at 10:00, Ben <b@x> wrote:\r\n> @cyrano pay\r\n"))
    settle(world)
    assert world.drafter is not None
    (asked,) = world.drafter.asked
    assert asked.request.instruction == "decline, but kindly"
    assert [each.addr for each in asked.request.recipients] == ["ben@example.net", "eve@example.com"]
    assert [message.text for message in asked.request.thread] == ["Can you come on Monday?"]
    assert asked.exclude == {"m1@x"}
    assert parse(full_mail(world)).quoted == "@cyrano pay"


def test_a_quote_serves_where_the_mail_is_not_to_be_had(world: World) -> None:
    """And an empty instruction asks for an answer."""
    world.server.folders[DRAFTS].clear()
    quote = "\r\nOn 2026-11-20 at 10:00, Ben <b@x> wrote:\r\n> Can you?\r\n"
    world.server.put(DRAFTS, asking("@cyrano", answers=1, quote=quote))
    settle(world)
    assert world.drafter is not None
    assert [message.text for message in world.drafter.asked[0].request.thread] == ["Can you?"]
    full_mail(world)


def test_a_draft_without_an_id_is_carried_out_too(world: World) -> None:
    """Some programs give none."""
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking(message_id=""))
    settle(world)
    full_mail(world)


def test_each_draft_is_fetched_once(world: World) -> None:
    """Drafts that ask for nothing cost nothing after the first look."""
    for number in range(20):
        world.server.put(DRAFTS, asking(f"Dear Ben, {number}", message_id=f"d{number}@ana"))
    settle(world)
    steps = Steps()
    world.server.steps = steps
    world.look()
    assert steps.done < 20


@pytest.mark.server
def test_on_a_real_server_the_full_mail_takes_its_place(dovecot: Dovecot, archive: Archive) -> None:
    """Other drafts, and those marked for deletion, stay as they are."""
    dovecot.forget("bob")
    settings = {"host": "127.0.0.1", "port": dovecot.port, "user": "bob", "security": "plain"}
    record = replace(ANA, settings=settings)
    others = [asking(f"Dear Ben, {number}", message_id=f"d{number}@ana") for number in range(3)]
    with dovecot.login("bob") as client, ImapMailbox.open(record, PASSWORDS["bob"]) as mailbox:
        folder = client.find_special_folder(rb"\Drafts")
        for raw in (others[0], asking(), *others[1:]):
            client.append(folder, raw, (rb"\Draft", rb"\Seen"))
        ledger = Ledger(archive.engine)
        writing = Writing(settings=ComposeSettings(), signature=str, zone=UTC)
        instructed = Instructed(ANA, ledger, FakeDrafter(ledger), writing, settle_s=0.0)
        instructed.collect(mailbox, mailbox.drafts())
        (row,) = ledger.pending("ana")
        instructed.advance(row, mailbox, threading.Event())
        lying = [mailbox.fetch(entry.ref) or b"" for entry in mailbox.drafts()]
        assert lying[:-1] == others
        assert parse(lying[-1]).text == "I will come."
        assert ledger.get(row.draft_id).state is State.APPENDED  # type: ignore[union-attr]
    dovecot.forget("bob")
