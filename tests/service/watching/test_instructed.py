"""Drafts with an instruction: each becomes one full mail, wherever Cyrano is killed and whatever its owner does."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

import pytest

from connectors.archive import Archive
from connectors.cleaning.mime import parse
from connectors.composing.reply import ComposeSettings
from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.imap.mailbox import ImapMailbox
from service.ledger import DraftKind, Ledger, State
from service.watching.answer import Writing
from service.watching.instructed import Instructed
from tests.dovecot import PASSWORDS, Dovecot
from tests.service.watching.fake_mailbox import DRAFTS, FOLDER, INBOX, FakeDrafter, FakeMailbox, Killed, Steps
from tests.service.watching.watched import ANA, World, mail

WORDS = "@Cyrano decline, but kindly"
SETTLE_S = 20.0
OPTIONS = {"instructions": True, "settle_s": SETTLE_S, "trigger": "folder"}


@dataclass
class Mailbox(FakeMailbox):
    """One into which new mail is put, too."""

    needs_answers: bool = False

    def save(self, before: bytes, after: bytes) -> None:
        """Have the owner save one of their drafts with other words."""
        number, raw = next((number, raw) for number, raw in self.folders[DRAFTS].items() if before in raw)
        self.put(DRAFTS, raw.replace(before, after))
        del self.folders[DRAFTS][number]


def asking(words: str = WORDS, *, message_id: str = "own@ana", answers: int | None = None, quote: str = "") -> bytes:
    """A draft with an instruction, as a mail program saves it."""
    thread = f"In-Reply-To: <m{answers}@x>\r\nReferences: <m{answers}@x>\r\n" if answers else ""
    own = f"Message-ID: <{message_id}>\r\n" if message_id else ""
    return (
        f"From: ana@example.org\r\nTo: Ben <ben@example.net>\r\nCc: eve@example.com\r\nSubject: Monday\r\n{own}"
        f"{thread}Date: Sat, 21 Nov 2026 08:59:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{words}\r\n\r\n-- \r\nAna\r\n{quote}"
    ).encode()


@pytest.fixture
def world(archive: Archive) -> World:
    """A mailbox with one such draft in it."""
    made = World(archive, server=Mailbox(), options=dict(OPTIONS))
    made.server.put(DRAFTS, asking())
    return made


def settle(world: World) -> None:
    """Look, wait until what lies there counts as settled, and look again."""
    world.look()
    world.look(3, after_s=SETTLE_S + 1)


def full_mail(world: World) -> bytes:
    """The one draft there is; it says what the model wrote."""
    (raw,) = world.server.draft_bytes
    assert parse(raw).text == world.text
    return raw


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


# Killed


def test_killed_at_any_point_there_is_exactly_one_full_mail(archive: Archive) -> None:
    """And at no point neither the owner's draft nor the full mail."""
    for kill_at in range(_points(archive)):
        world = _killed(archive, kill_at)
        assert world.server.draft_bytes
        world.start()
        settle(world)
        full_mail(world)
        assert world.states == [State.APPENDED]


def test_killed_and_changed_at_any_point_there_is_one_full_mail_of_the_new_instruction(archive: Archive) -> None:
    """The owner goes on writing in the window that is still open; the old full mail nobody touched is taken out."""
    for kill_at in range(_points(archive)):
        world = _killed(archive, kill_at)
        if not any(WORDS.encode() in raw for raw in world.server.draft_bytes):
            world.server.put(DRAFTS, asking())
        world.server.folders[DRAFTS] = {
            number: raw.replace(b"kindly", b"harshly") for number, raw in world.server.folders[DRAFTS].items()
        }
        world.server.generation += 1
        world.text = "No."
        world.start()
        settle(world)
        full_mail(world)
        assert world.rows[-1].instruction == "decline, but harshly"


def test_killed_at_any_point_of_a_failure_the_words_come_back_once(archive: Archive) -> None:
    """Never lost, never twice."""
    fault = EngineError("The model wrote nothing.", hint="Say more.")
    for kill_at in range(_points(archive, fault)):
        world = _killed(archive, kill_at, fault)
        assert any(b"kindly" in raw for raw in world.server.draft_bytes)
        world.faults[:] = [fault]
        world.start()
        settle(world)
        (raw,) = world.server.draft_bytes
        assert b"kindly" in raw
        assert b"The model wrote nothing. Say more." in raw.replace(b"=\r\n", b"").replace(b"=20\r\n", b" ")
        assert world.states == [State.WITHDRAWN]


def _points(archive: Archive, *faults: Exception) -> int:
    world = _settled(archive, *faults)
    steps = Steps()
    world.server.steps = steps
    assert world.watcher is not None
    _count(world, steps)
    world.look()
    return steps.done


def _settled(archive: Archive, *faults: Exception) -> World:
    """A world in which the next look carries an instruction out."""
    world = World(archive, server=Mailbox(), options=dict(OPTIONS), faults=list(faults))
    world.server.put(DRAFTS, asking())
    world.look()
    world.now += timedelta(seconds=SETTLE_S + 1)
    return world


def _killed(archive: Archive, kill_at: int, *faults: Exception) -> World:
    world = _settled(archive, *faults)
    _count(world, Steps(kill_at=kill_at))
    try:
        world.look()
    except Killed:
        world.watcher = None
        return world
    raise AssertionError("there is such a point")


def _count(world: World, steps: Steps) -> None:
    """Count from now on, in all parts of a Cyrano that runs."""
    assert world.watcher is not None
    assert world.drafter is not None
    world.server.steps = world.drafter.steps = steps
    for ledger in (world.watcher._ledger, world.drafter.ledger):
        ledger.steps = steps  # type: ignore[attr-defined]  # the one that counts


# Failures


def test_what_cannot_be_written_comes_back_with_the_reason(world: World) -> None:
    """And is tried again when the line is taken out."""
    world.faults.append(EngineError("The model wrote nothing.", hint="Say more."))
    settle(world)
    (raw,) = world.server.draft_bytes
    note, _, words = parse(raw).text.partition("\n\n")
    assert note.startswith("[Cyrano could not write this. The model wrote nothing. Say more.")
    assert words == WORDS
    (row,) = world.rows
    assert (row.state, row.reason, row.original) == (State.WITHDRAWN, "The model wrote nothing. Say more.", None)
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking(message_id=parse(raw).message_id))
    settle(world)
    full_mail(world)


def test_a_mistake_of_ours_comes_back_too(world: World) -> None:
    """Without the words of whatever failed, which may quote mail."""
    world.faults.append(KeyError("ben@example.net"))
    settle(world)
    (raw,) = world.server.draft_bytes
    assert "KeyError" in parse(raw).text
    assert "ben@" not in parse(raw).text


def test_an_instruction_that_says_nothing_is_answered_by_a_line(world: World) -> None:
    """A new mail needs a word of what to write."""
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking("@cyrano"))
    settle(world)
    (raw,) = world.server.draft_bytes
    assert "Say after @cyrano what to write." in parse(raw).text


@pytest.mark.parametrize("fault", [EngineDown("It starts.", retry_after_s=1), ModelMissing("No model.")])
def test_while_the_engine_is_away_the_draft_waits(world: World, fault: Exception) -> None:
    """As its owner left it."""
    world.faults.append(fault)
    world.look()
    world.look(after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.look(2, after_s=60)
    full_mail(world)


def test_stopping_breaks_the_writing_off(world: World) -> None:
    """And the next start goes on."""
    world.look()
    world.now += timedelta(seconds=SETTLE_S + 1)
    stop = threading.Event()
    world.meanwhile = lambda: None
    assert world.watcher is not None
    world.watcher._instructed.collect(world.server, world.server.drafts())
    stop.set()
    with pytest.raises(EngineDown):
        world.watcher._instructed.advance(world.rows[0], world.server, stop)
    world.start()
    settle(world)
    full_mail(world)


def test_a_reason_that_shows_late_keeps_the_instruction_until_then(world: World) -> None:
    """The owner's words lie there once in the end, and the model is not asked again."""
    world.server.is_late = True
    world.faults.append(EngineError("The model wrote nothing."))
    world.look()
    world.look(2, after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.server.is_late = False
    world.server.put(DRAFTS, world.server.late.pop())
    world.look()
    (raw,) = world.server.draft_bytes
    assert parse(raw).text.startswith("[Cyrano")
    assert len(world.drafter.asked) == 1  # type: ignore[union-attr]


# Its owner goes on


def test_changed_while_the_model_writes_it_is_theirs(world: World) -> None:
    """The answer to what they asked first is not shown; what they ask now is carried out."""
    changes = [lambda: world.server.save(b"kindly", b"firmly")]
    world.meanwhile = lambda: changes.pop()() if changes else None
    world.look()
    world.look(after_s=SETTLE_S + 1)
    assert [parse(raw).text for raw in world.server.draft_bytes] == [WORDS.replace("kindly", "firmly")]
    settle(world)
    full_mail(world)
    assert world.states == [State.WITHDRAWN, State.APPENDED]


def test_deleted_while_the_model_writes_nothing_is_made(world: World) -> None:
    """They changed their mind."""
    world.meanwhile = world.server.folders[DRAFTS].clear
    settle(world)
    assert not world.server.draft_bytes
    assert world.states == [State.WITHDRAWN]


def test_saved_again_as_it_was_it_is_still_carried_out(world: World) -> None:
    """Programs save when a window closes; another date is no change."""
    world.meanwhile = lambda: world.server.save(b"08:59:00", b"09:01:00")
    settle(world)
    full_mail(world)


def test_a_full_mail_its_owner_works_on_stays_beside_a_new_instruction(world: World) -> None:
    """Theirs is theirs."""
    settle(world)
    world.server.save(b"I will come.", b"I will come with Eve.")
    world.server.put(DRAFTS, asking("@cyrano say yes"))
    settle(world)
    assert sorted(parse(raw).text for raw in world.server.draft_bytes) == ["I will come with Eve.", "I will come."]


@pytest.mark.parametrize("answers", [None, 1])
def test_saved_once_more_under_another_id_it_is_still_the_same_mail(world: World, answers: int | None) -> None:
    """Thunderbird does so with every save while its user types on: there is one full mail, of the last instruction."""
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking(answers=answers))
    settle(world)
    world.text = "Yes."
    world.start()
    world.server.put(DRAFTS, asking(f"{WORDS}, and ask for Tuesday", message_id="other@ana", answers=answers))
    settle(world)
    full_mail(world)
    assert world.states == [State.WITHDRAWN, State.APPENDED]


def test_another_mail_to_the_same_people_is_another_mail(world: World) -> None:
    """By what it is to say, by its subject, or because the first lies there for long."""
    settle(world)
    for number, subject, later in [(1, b"Monday", 0), (2, b"Sunday", 0), (3, b"Sunday", 2)]:
        world.now += timedelta(hours=later)
        draft = asking("@cyrano say yes", message_id=f"{number}@ana")
        world.server.put(DRAFTS, draft.replace(b"Monday", subject))
        settle(world)
    assert world.states == [State.APPENDED] * 4


def test_an_append_that_shows_late_keeps_the_owners_draft_until_then(world: World) -> None:
    """What was appended must be seen first."""
    world.server.is_late = True
    world.look()
    world.look(after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.server.is_late = False
    world.look(4, after_s=1)
    full_mail(world)


def test_an_instruction_in_a_reply_takes_the_place_of_the_untouched_answer(world: World) -> None:
    """There is one draft of Cyrano's for a mail; and the next start does not make another."""
    world.server.folders[DRAFTS].clear()
    world.server.put(FOLDER, mail(1))
    world.look()
    assert len(world.drafts_for(1)) == 1
    world.server.put(DRAFTS, asking(answers=1))
    world.text = "No, but thank you."
    for _ in range(3):
        world.start()
        settle(world)
    full_mail(world)


def test_of_two_instructions_for_one_mail_the_later_one_counts(world: World) -> None:
    """Both were saved before Cyrano looked: there is one draft of Cyrano's for a mail."""
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking("@cyrano no", message_id="1@ana", answers=1))
    world.server.put(DRAFTS, asking("@cyrano yes", message_id="2@ana", answers=1))
    settle(world)
    full_mail(world)
    assert [(row.instruction, row.state) for row in world.rows] == [("no", State.WITHDRAWN), ("yes", State.APPENDED)]


def test_a_full_mail_with_a_file_is_not_taken_out_for_one_without(world: World) -> None:
    """The file is its owner's."""
    world.server.folders[DRAFTS].clear()
    file = b"--bb\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--bb--\r\n"
    head, _, body = asking(message_id="1@ana", answers=1).partition(b"\r\n\r\n")
    head = head.replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=bb")
    world.server.put(DRAFTS, head + b"\r\n\r\n--bb\r\n\r\n" + body + file)
    settle(world)
    world.server.put(DRAFTS, asking("@cyrano yes", message_id="2@ana", answers=1))
    settle(world)
    assert world.states == [State.APPENDED] * 2
    assert [parse(raw).attachments for raw in world.server.draft_bytes] == [("a.txt",), ()]


def test_where_an_instruction_answers_a_mail_no_other_draft_is_made(world: World) -> None:
    """Whichever Cyrano sees first."""
    world.server.folders[DRAFTS].clear()
    world.server.put(FOLDER, mail(1))
    world.server.put(DRAFTS, asking(answers=1))
    for _ in range(3):
        world.start()
        settle(world)
    full_mail(world)


def test_cyranos_own_draft_can_be_sent_back_with_an_instruction(world: World) -> None:
    """Its owner writes "@cyrano shorter" above what is there."""
    settle(world)
    world.server.save(b"I will come.", b"@cyrano shorter\r\n\r\nI will come.")
    world.text = "Yes."
    world.start()
    settle(world)
    full_mail(world)
    assert world.rows[-1].instruction == "shorter\n\nI will come."


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
