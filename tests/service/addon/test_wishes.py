"""What is wanted and what it is about become a request; nothing else does."""

from connectors.message import Address, Email
from service.addon.wishes import Wish, read_change, read_wish, wished
from tests.service.stand_ins import ANA, BOB, MARTA, account

MAIL = Email(message_id="m1", sender=MARTA, to=(ANA,), cc=(BOB,), subject="Lunch", text="Free on Tuesday?")


def test_boxes_are_read() -> None:
    """Text without stray characters at its ends; choices that are known."""
    wish = read_wish({"instruction": " say\r\nyes\0 ", "tone": "formal", "language": "de", "length": "short", "x": "y"})
    assert wish == Wish(instruction="say\nyes", tone="formal", language="de", length="short")
    assert read_wish({"tone": "rude", "language": "klingon", "length": "9"}) == Wish()
    assert (read_change({"change": " shorter "}), read_change({})) == ("shorter", "")


def test_answer_goes_to_whoever_wrote() -> None:
    """Subject and thread are the mail's, the instruction the owner's."""
    request = wished(Wish(instruction="say yes"), account("ana"), mail=MAIL)
    assert (request.instruction, request.subject, request.recipients) == ("say yes", "Lunch", (MARTA,))
    assert [(message.sender, message.text, message.is_own) for message in request.thread] == [
        (MARTA, "Free on Tuesday?", False)
    ]


def test_answer_to_a_mail_of_ones_own_goes_where_that_went() -> None:
    """Nobody writes to themselves by opening what they sent."""
    sent = Email(message_id="m2", sender=ANA, to=(MARTA, BOB), text="Any news?")
    assert wished(Wish(), account("ana"), mail=sent).recipients == (MARTA, BOB)


def test_recipients_of_the_window_count_before_those_of_the_mail() -> None:
    """What stands in the compose window is who gets it."""
    request = wished(Wish(instruction="x"), account("ana"), mail=MAIL, to=("eve@example.org",))
    assert request.recipients == (Address(addr="eve@example.org"),)


def test_mail_without_words_is_no_thread() -> None:
    """A picture alone is nothing to go by."""
    empty = Email(message_id="m3", sender=MARTA, to=(ANA,), text=" \n")
    assert wished(Wish(instruction="x"), account("ana"), mail=empty).thread == ()
