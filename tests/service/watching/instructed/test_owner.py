"""Whatever their owner does meanwhile and afterwards, there is one full mail, and theirs is theirs."""

from datetime import timedelta

import pytest

from connectors.cleaning.mime import parse
from service.draft_row import State
from tests.service.watching.fake_mailbox import DRAFTS, FOLDER
from tests.service.watching.instructed.asking import SETTLE_S, WORDS, asking, full_mail, settle
from tests.service.watching.watched import World, mail


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
