"""How mails greet and sign off, in the ways people do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.evaluation.authors import sent_by
from trainer.evaluation.frame import Phrase, part

BODY = "the invoice is paid. Can you send me the receipt?"


@pytest.mark.parametrize(
    ("line", "words", "names", "mark"),
    [
        ("Hi Tom!", ("hi",), 1, "!"),
        ("Hi,", ("hi",), 0, ","),
        ("hey", ("hey",), 0, ""),
        ("Hi all,", ("hi", "all"), 0, ","),
        ("Dear Mr Walsh,", ("dear", "mr"), 1, ","),
        ("Dear Prof. van Dyke:", ("dear", "prof"), 2, ":"),
        ("Dear Rachel, Maria, and Anna,", ("dear",), 2, ","),
        ("Good morning Eve –", ("good", "morning"), 1, "–"),  # noqa: RUF001  people type dashes
        ("Sehr geehrte Damen und Herren,", ("sehr", "geehrte", "damen", "und", "herren"), 0, ","),
        ("Sehr geehrte Frau Lang,", ("sehr", "geehrte", "frau"), 1, ","),
        ("Chère Madame,", ("chère", "madame"), 0, ","),
        ("Buenos días, María:", ("buenos", "días"), 1, ":"),
        ("Caro Luca,", ("caro",), 1, ","),
        ("Beste Jan,", ("beste",), 1, ","),
        ("Olá Maria,", ("olá",), 1, ","),
        ("Hello, Eve!", ("hello",), 1, "!"),
        ("Добрый день, Елена!", ("добрый", "день"), 1, "!"),
        ("Cześć Anno,", ("cześć",), 1, ","),
    ],
)
def test_greetings(line: str, words: tuple[str, ...], names: int, mark: str) -> None:
    """The words that greet are kept, of names only how many they are."""
    frame = part(f"{line}\n\n{BODY}\n\nBest,\nAna")
    assert frame.greeting == Phrase(words=words, names=names, mark=mark)
    assert frame.body == BODY


@pytest.mark.parametrize(
    ("lines", "words", "names", "mark", "signed"),
    [
        ("Best,\nAna", ("best",), 1, ",", ("Ana",)),
        ("Best regards, Ana", ("best", "regards"), 1, ",", ("Ana",)),
        ("Kind regards,\n\nBen Keller", ("kind", "regards"), 2, ",", ("Ben", "Keller")),
        ("Best,\n\nAna\nSilva Design", ("best",), 2, ",", ("Ana", "Silva", "Design")),
        ("Big hug,\nAna", ("big", "hug"), 1, ",", ("Ana",)),
        ("xx\nAna", ("xx",), 1, "", ("Ana",)),
        ("Ana", (), 1, "", ("Ana",)),
        ("– A.", (), 1, "", ("A",)),  # noqa: RUF001
        ("Thanks!", ("thanks",), 0, "!", ()),
        ("Viele Grüße\nJörg", ("viele", "grüsse"), 1, "", ("Jörg",)),
        ("Mit freundlichen Grüßen\n\nBen Keller", ("mit", "freundlichen", "grüssen"), 2, "", ("Ben", "Keller")),
        ("Bien cordialement,\nLéa Martin", ("bien", "cordialement"), 2, ",", ("Léa", "Martin")),
        ("Un saludo,\nJuan", ("un", "saludo"), 1, ",", ("Juan",)),
        ("С уважением,\nИван", ("с", "уважением"), 1, ",", ("Иван",)),  # noqa: RUF001
    ],
)
def test_sign_offs(lines: str, words: tuple[str, ...], names: int, mark: str, signed: tuple[str, ...]) -> None:
    """With and without a name, on one line or more, known to the cleaner or not."""
    frame = part(f"Hi Tom!\n\n{BODY}\n\n{lines}")
    assert frame.sign_off == Phrase(words=words, names=names, mark=mark)
    assert frame.signed == signed
    assert frame.body == BODY


@pytest.mark.parametrize("body", [BODY, "done!", "great."])
def test_a_greeting_may_go_on_as_a_sentence(body: str) -> None:
    """What follows it on its line is body, however short."""
    frame = part(f"Hi Tom, {body}\n\nAna")
    assert frame.greeting == Phrase(words=("hi",), names=1, mark=",")
    assert frame.body == body


def test_a_word_behind_hello_is_no_name() -> None:
    """A name has a capital."""
    frame = part(f"Hello, done!\n{BODY}\n\nAna")
    assert frame.greeting == Phrase(words=("hello",), mark=",")
    assert frame.body == f"done!\n{BODY}"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for the quick answer, I will look at it tomorrow.",
        "Thank you, in that case I will come on Monday.\n\nWould it be possible to meet before?",
        "Good news!\n\nThe invoice is paid.",
        "Dearest of all are the long ones.",
        "Yes.\n\nI would vote for a tie, in case that is an option.",
        "I have sent the file on to Eve.\n\nThanks for reading it?",
        "I have sent the file on to Eve.\n\nThanks so much for all of your help",
        "Here is the link:\nhttps://example.org/room/667",
    ],
)
def test_sentences_are_body(text: str) -> None:
    """A thank-you that begins a mail greets nobody, and a question closes nothing."""
    frame = part(text)
    assert (frame.greeting, frame.sign_off) == (Phrase(), Phrase())
    assert frame.body == text


@pytest.mark.parametrize("name", ["ana", "ben"])
def test_nearly_all_mails_of_people_have_both(name: str) -> None:
    """The demo's authors greet and sign off by name; Ana leaves the greeting out now and then."""
    frames = [part(text) for text in sent_by(name)]
    assert sum(bool(frame.greeting) for frame in frames) > 0.9 * len(frames)
    assert sum(name.capitalize() in frame.signed for frame in frames) == len(frames)


@given(text=st.text(alphabet=st.sampled_from("aB ,.!\n-–Hi\0éЖ王"), max_size=60))  # noqa: RUF001
def test_any_text_has_parts(text: str) -> None:
    """Whatever a model writes; a body holds nothing that did not stand there."""
    frame = part(text)
    assert "".join(frame.body.split()) in "".join(text.split())
    assert all(word in text for word in frame.signed)
