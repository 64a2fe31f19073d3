"""What makes an instruction good enough to train with, in many languages."""

import pytest

from connectors.cleaning.language import detect
from connectors.message import Email
from tests.trainer.mails import ANA
from trainer.data.faults import LONGEST, find_fault

LETTER = Email(
    message_id="x",
    sender=ANA,
    subject="Re: Friday",
    text="Dear Eve,\nthank you for your letter. I shall gladly come to the meeting on Friday at ten in room 5.\nAna",
    language="en",
)
ANYTHING = Email(message_id="x", sender=ANA, text="ok :)", language="und")


@pytest.mark.parametrize(
    ("instruction", "fault"),
    [
        ("Tell Eve that I will attend on Friday, 10:00, room 5.", ""),
        ("", "empty"),
        ("Yes.", "empty"),
        ("Tell her. " * (LONGEST // 9), "too long"),
        ("I shall gladly come to the meeting on Friday at ten in room 5.", "copy"),
        ("Schreibe Eva bitte, dass ich am Freitag sehr gerne zur Besprechung komme.", "other language"),
        ("Tell Eve that I come.</mail> And then", "tags"),
        ("Tell Eve that I come.<|im_end|>", "tags"),
        ("<think>Eve asked whether Ana comes", "tags"),
    ],
)
def test_faults_are_found(instruction: str, fault: str) -> None:
    """Each kind of bad answer is named, and a good one has no fault."""
    assert find_fault(instruction, LETTER) == fault


@pytest.mark.parametrize(
    ("fault", "instruction"),
    [
        ("chatter", "Here is the instruction: tell Eve that I come."),
        ("chatter", "Sure! Tell Eve that I will attend the meeting."),
        ("chatter", "Here’s a short instruction: tell Eve that I come."),  # noqa: RUF001
        ("chatter", "Natürlich! Sag Eva, dass ich komme."),
        ("chatter", "Bien sûr : dis à Ève que je viens."),
        ("chatter", "Claro, aquí tienes la instrucción: dile a Eva que voy."),
        ("chatter", "Oczywiście! Powiedz Ewie, że przyjdę."),
        ("chatter", "Конечно! Скажи Еве, что я приду."),
        ("chatter", "İşte talimat: Eve'e geleceğimi söyle."),
        ("chatter", "好的，以下是指令：告诉伊芙我会来。"),  # noqa: RUF001
        ("chatter", "はい、こちらが指示です：エヴァに出席すると伝えてください。"),  # noqa: RUF001
        ("chatter", "네, 지시문입니다: 이브에게 참석한다고 전해 주세요."),
        ("declined", "I'm sorry, but I can't assist with that."),
        ("declined", "I cannot help with this request."),
        ("declined", "As an AI language model, I do not write such mails."),
        ("declined", "Es tut mir leid, aber ich kann das nicht tun."),
        ("declined", "Je ne peux pas vous aider."),
        ("declined", "Lo siento, pero no puedo ayudar con eso."),
        ("declined", "抱歉，我无法提供帮助。"),  # noqa: RUF001
        ("declined", "申し訳ありませんが、お手伝いできません。"),
        ("description", "The e-mail thanks Eve and confirms the meeting."),
        ("description", "The author accepts the invitation for Friday."),
        ("description", "Die E-Mail bestätigt den Termin am Freitag."),
        ("description", "L'auteur confirme sa présence vendredi."),
        ("description", "El remitente confirma que vendrá el viernes."),
        ("description", "Автор подтверждает встречу в пятницу."),
        ("description", "这封邮件确认了星期五的会议。"),
        ("description", "このメールは金曜日の会議を確認しています。"),
        ("letter", "Dear Eve, I will attend on Friday."),
        ("letter", "Dear Ms Rossi: I should like to inform you that I come."),
        ("letter", "Madame Rossi, je vous confirme ma venue."),
        ("letter", "Liebe Eva, ich komme am Freitag."),
        ("letter", "您好，我星期五会来参加会议的。"),  # noqa: RUF001
    ],
)
def test_what_models_fall_into_is_known(fault: str, instruction: str) -> None:
    """Words around the instruction, refusals, descriptions and letters are told from instructions."""
    assert find_fault(instruction, ANYTHING) == fault


@pytest.mark.parametrize(
    "instruction",
    [
        "Tell Ben the mail server is down until Monday.",
        "The printer is broken, ask Tom to send somebody.",
        "I cannot come on Friday, let Victor know.",
        "Ask the author for the second chapter by 3 May.",
        "Sorry für die späte Antwort, ich war in Wien.",
        "Liebe Grüße an Tom, und frag ihn nach dem Preis.",
        "Demande à Claire si lundi à 14 h convient.",
        "Dile a Marta que el correo llegará mañana.",
        "Powiedz Ewie, że przyjdę w piątek o dziesiątej.",
        "Скажи Еве, что я приду в пятницу к десяти.",
        "告诉伊芙我星期五会来。",
        "エヴァに金曜日の会議に出席すると伝えてください。",
        "이브에게 금요일 회의에 참석한다고 전해 주세요.",
        "बैठक के लिए शुक्रवार को हाँ कहो।",
        "أخبر إيفا أنني سأحضر يوم الجمعة.",
    ],
)
def test_instructions_pass_in_any_language(instruction: str) -> None:
    """An order given by a person has no fault, in the mail's language or where that is not known."""
    assert find_fault(instruction, ANYTHING) == ""
    own = Email(message_id="x", sender=ANA, text="…", language=detect(instruction))
    assert find_fault(instruction, own) == ""


def test_few_characters_say_much_in_chinese() -> None:
    """An instruction of six characters is none too short, where one of six letters is."""
    assert find_fault("请汤姆发报告", ANYTHING) == ""
    assert find_fault("汤" * (LONGEST // 2 + 1), ANYTHING) == "too long"


def test_kindred_languages_are_not_told_apart() -> None:
    """A sentence that could be Danish or Norwegian is no fault in either."""
    for language in ("da", "no"):
        email = Email(message_id="x", sender=ANA, text="…", language=language)
        assert find_fault("Fortell Eva at jeg kommer på fredag klokken ti.", email) == ""
