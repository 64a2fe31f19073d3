"""Whether a draft is in the right language; in doubt it is."""

# ruff: noqa: RUF001  words of other scripts

import pytest

from connectors.cleaning.language import UNKNOWN, detect
from tests.trainer.evaluation.authors import sent_by
from trainer.evaluation.language import is_same_language

MAILS = {
    "en": "Hi Tom,\n\nthanks for your message. I have looked at the numbers, and they seem right. Could you send me "
    "the report before Friday? I am in the office from ten.\n\nBest,\nAna",
    "de": "Hallo Tom,\n\ndanke für die Nachricht. Ich habe mir die Zahlen angesehen, und sie stimmen. Kannst du mir "
    "den Bericht bis Freitag schicken? Ich bin ab zehn Uhr im Büro.\n\nViele Grüße\nAna",
    "fr": "Bonjour Tom,\n\nmerci pour votre message. J'ai regardé les chiffres, et ils semblent justes. Pouvez-vous "
    "m'envoyer le rapport avant vendredi ? Je suis au bureau à partir de dix heures.\n\nBien cordialement,\nAna",
    "es": "Hola Tom:\n\nGracias por tu mensaje. He mirado los números y parecen correctos. ¿Puedes enviarme el informe "
    "antes del viernes? Mañana estoy en la oficina a partir de las diez.\n\nUn saludo\nAna",
    "pt": "Olá Tom,\n\nObrigado pela mensagem. Vi os números e parecem corretos. Podes enviar-me o relatório até "
    "sexta-feira? Amanhã estou no escritório a partir das dez.\n\nAbraço\nAna",
    "no": "Hei Tom,\n\nTakk for meldingen. Jeg har sett på tallene, og de ser riktige ut. Kan du sende rapporten til "
    "meg før fredag? Jeg er på kontoret i morgen fra klokka ti.\n\nHilsen\nAna",
    "da": "Hej Tom,\n\nTak for din besked. Jeg har kigget på tallene, og de ser rigtige ud. Kan du sende rapporten til "
    "mig inden fredag? Jeg er på kontoret i morgen fra klokken ti.\n\nVenlig hilsen\nAna",
    "uk": "Добрий день!\n\nДякую за лист. Я подивився цифри, вони виглядають правильно. Чи можете надіслати мені звіт "
    "до п'ятниці? Завтра я в офісі з десятої.\n\nЗ повагою\nАна",
    "ja": "田中様\n\nお世話になっております。来週の金曜日の会議に喜んで参加させていただきます。"
    "よろしくお願いいたします。",
}


@pytest.mark.parametrize("written", MAILS)
@pytest.mark.parametrize("sent", MAILS)
def test_languages_are_told_apart(written: str, sent: str) -> None:
    """Near ones too."""
    assert is_same_language(MAILS[written], sent, detect) is (written == sent)


@pytest.mark.parametrize(
    "written", ["", "Ana", "Vielen Dank, lieber Tom!", "OK", "+49 30 1234567", "https://example.org/a/b/c/d/e"]
)
def test_what_is_too_short_counts_as_right(written: str) -> None:
    """A name is of every language."""
    assert is_same_language(written, "en", detect)


def test_where_the_mail_has_no_known_language_every_draft_is_right() -> None:
    """There is nothing to compare with."""
    assert is_same_language(MAILS["de"], UNKNOWN, detect)


def test_a_draft_that_slips_into_another_language_is_wrong() -> None:
    """Its beginning does not save it."""
    german = MAILS["de"].split("\n\n")[1]
    assert not is_same_language(f"{MAILS['en']}\n\n{german}\n\n{german}", "en", detect)


def test_a_sentence_of_another_language_does_not_spoil_a_draft() -> None:
    """People quote."""
    english, german = (MAILS[language].split("\n\n")[1] for language in ("en", "de"))
    draft = f"Hi Tom,\n\n{english}\n\n{english}\n\n{german}\n\nBest,\nAna"
    assert is_same_language(draft, "en", detect)
    assert not is_same_language(draft, "de", detect)


def test_what_cannot_be_told_counts_as_right() -> None:
    """A detector that knows nothing condemns nothing."""
    assert is_same_language(MAILS["de"], "en", lambda _: UNKNOWN)


@pytest.mark.parametrize("name", ["ana", "ben"])
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_mail_of_people_is_in_its_language(name: str, language: str) -> None:
    """No false alarm on any mail of the demo, and none of another language passes."""
    for text in sent_by(name, language):
        assert is_same_language(text, language, detect)
        assert not is_same_language(text, "en" if language != "en" else "de", detect)
