"""Signatures are cut off; the sign-off stays, for it is the writer's voice."""

# ruff: noqa: RUF001  phones write in every script

import pytest

from connectors.cleaning.signature import cut, find_repeated, split
from connectors.message import Address, Email

BODIES = [f"Dear Tom,\n\nthis is mail number {number}, and it says something new." for number in range(30)]
BLOCK = "Ana Lopez\nAcme GmbH\nTel. +49 30 1234567"


@pytest.mark.parametrize("delimiter", ["-- ", "--"])
def test_after_the_delimiter(delimiter: str) -> None:
    """What follows "-- " is signature."""
    assert split(f"Text.\n\nBest,\nAna\n\n{delimiter}\nAna Lopez\nAcme") == ("Text.\n\nBest,\nAna", "Ana Lopez\nAcme")


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone", "Get Outlook for iOS", "Von meinem iPhone gesendet", "Gesendet mit der GMX Mail App",
        "Outlook für Android beziehen", "Envoyé de mon iPad", "Télécharger Outlook pour iOS", "Enviado desde mi iPhone",
        "Obtener Outlook para iOS", "Inviato da iPhone", "Scarica Outlook per Android", "Verstuurd vanaf mijn iPhone",
        "Enviado do meu iPhone", "Obter o Outlook para iOS", "Wysłane z iPhone'a", "Skickat från min iPhone",
        "Sendt fra min iPad", "Отправлено с iPhone", "iPhone'umdan gönderildi", "Odesláno z iPhonu",
        "iPhoneから送信", "发自我的 iPhone", "나의 iPhone에서 보냄", "נשלח מה-iPhone שלי", "تم الإرسال من الـ iPhone",
        "Hent Outlook til iOS", "Faigh Outlook le haghaidh iOS<https://aka.ms/o0ukef>",
    ],
)  # fmt: skip
def test_line_of_a_phone(line: str) -> None:
    """What a phone puts under a mail nobody typed."""
    assert split(f"Yes, at ten.\n\n{line}") == ("Yes, at ten.", line)


@pytest.mark.parametrize(
    "line",
    [
        "Outlook for iOS is broken again.",
        "Sent it from work.",
        "Download Outlook from the portal.",
        "I use Outlook for Android",
    ],
)
def test_last_line_like_that_of_a_phone(line: str) -> None:
    """A last line that only mentions such a program was typed."""
    assert split(f"Yes, at ten.\n\n{line}") == (f"Yes, at ten.\n\n{line}", "")


def test_footer_of_a_list() -> None:
    """What the list's server put below is no part of the mail."""
    footer = f"{'_' * 47}\nPlanning mailing list -- planning@lists.example.net\nTo unsubscribe write to x@y"
    assert split(f"Yes, at ten.\n\nAna\n\n{footer}") == ("Yes, at ten.\n\nAna", footer)


def test_a_long_part_after_dashes_was_typed() -> None:
    """Dashes between two halves of a long mail cut nothing."""
    text = "First half.\n--\n" + "\n".join(f"Line {number}." for number in range(60))
    assert split(text) == (text, "")


def test_dashes_far_above_hide_no_signature() -> None:
    """The signature below a long part after dashes is cut off all the same."""
    text = "First half.\n--\n" + "\n".join(f"Line {number}." for number in range(60))
    assert split(f"{text}\n\n-- \nAna Lopez") == (text, "Ana Lopez")


def test_repeated_block_is_found_and_cut() -> None:
    """A block under most mails is found without the sign-off above it, and cut off."""
    texts = [f"{body}\n\nBest,\nAna\n\n{BLOCK}" for body in BODIES] + ["A mail without any of it."] * 5
    assert find_repeated(texts) == BLOCK
    email = Email(message_id="1", sender=Address(addr="a@b.org"), text=texts[0])
    assert cut(email, BLOCK).text == f"{BODIES[0]}\n\nBest,\nAna"
    assert cut(email, BLOCK).signature == BLOCK


def test_sign_off_right_above_the_block() -> None:
    """The name under the greeting stays where the block follows without a gap, whatever the greeting."""
    closings = ["Best,", "Cheers,", "Thanks,"]
    texts = [f"{body}\n\n{closings[at % 3]}\nAna\nAcme GmbH\nTel. +49 30 1234567" for at, body in enumerate(BODIES)]
    assert find_repeated(texts) == "Acme GmbH\nTel. +49 30 1234567"


@pytest.mark.parametrize(
    "ending",
    [
        "Best,\nAna",
        "Viele Grüße\nAna Lopez",
        "Un abrazo,\n\nAna",
        "Cordialement, Ana",
        "Ana",
        "Have a nice day!\n\nBest,\nAna",
    ],
)
def test_sign_off_is_voice(ending: str) -> None:
    """What is only a sign-off is found by no repetition."""
    assert find_repeated(f"{body}\n\n{ending}" for body in BODIES) == ""


def test_too_few_or_too_rare() -> None:
    """Few mails tell nothing, and a block under fewer than half of them is no signature."""
    texts = [f"{body}\n\n{BLOCK}" for body in BODIES]
    assert find_repeated(texts[:15]) == ""
    assert find_repeated(texts[:12] + BODIES[12:]) == ""


def test_nothing_to_cut() -> None:
    """A mail without the block stays as it is."""
    email = Email(message_id="1", sender=Address(addr="a@b.org"), text="Hello")
    assert cut(email, BLOCK) is email
    assert cut(email, "") is email
