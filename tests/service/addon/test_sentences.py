"""What the service itself says, on German cards."""

import pytest

from connectors.errors import EngineDown, EngineError, ModelMissing, PromptTooLong, StoreError, UsageError
from connectors.reason import Reason
from service.addon.sentences import GERMAN, Spoken, say_error, say_notice
from service.notices import Notice, NoticeKind
from service.problems import TooFast, TooManyDrafts
from tests.service.addon.google import Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, WRITING, press
from tests.service.addon.reading import buttons, text
from tests.service.stand_ins import card

ENGLISH = "The model server rests while ana is trained."


def german(house: AddonHouse) -> str:
    """The card that a draft asked for in a German Gmail ends in."""
    form = house.ask("compose", gmail=Gmail(gmail=WRITING, locale="de-AT"))
    gmail = Gmail(gmail=WRITING, locale="de-AT")
    return text(press(house, form, "Schreiben", gmail, inputs={"instruction": "sag zu"}))


def test_home_says_its_notices_in_german(house: AddonHouse) -> None:
    """What is not as it should be with the adapters."""
    said = text(house.ask("home", gmail=Gmail(locale="de")))
    assert "Wie ein Training ausging, ließ sich ana nicht mitteilen." in said
    assert "You could not be told" not in said


def test_draft_says_why_the_base_model_wrote_in_german(house: AddonHouse) -> None:
    """The adapter is for another version of the prompt."""
    house.house.adapters.model, house.house.cards = "base", [card(3, prompt_version="0")]
    said = german(house)
    assert "ana@v3 wurde für eine andere Fassung der Vorlage trainiert" in said
    assert "Train again" not in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EngineDown(ENGLISH, hint="Ask again later.", reason=Reason.RESTS), "macht gerade Platz für ein Training"),
        (EngineDown(ENGLISH, hint="Ask again later."), "Der Modellserver ist noch nicht bereit."),
        (EngineError("It broke.", reason=Reason.KEY), "Prüfe CYRANO_ENGINE_API_KEY."),
        (EngineError("Tensor shapes do not fit."), "Der Modellserver meldet einen Fehler."),
        (ModelMissing("It is not here."), "Dem Modellserver fehlt das Modell."),
        (PromptTooLong("It does not fit."), "Kürze sie."),
        (StoreError("It cannot be used."), "Ist die Platte voll?"),
        (TooFast("30 drafts are all there may be."), "Es wurde zu oft gefragt."),
        (TooManyDrafts("4 drafts are in the making."), "Es entstehen schon so viele Entwürfe"),
        (ValueError("Dear Marta"), "Das ist ein Fehler in Cyrano"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_draft_that_fails_says_why_in_german(error: Exception, words: str, house: AddonHouse) -> None:
    """And nothing of the English sentence."""
    house.house.model_server.pieces = ()
    house.house.model_server.error = error
    said = german(house)
    assert words in said
    assert str(error) not in said


def test_mail_that_is_gone_is_said_in_german(house: AddonHouse) -> None:
    """What Gmail refuses, too."""
    gmail = Gmail(gmail={**OPEN_MAIL, "messageId": "m9"}, locale="de")
    form = house.ask("message", gmail=gmail)
    assert text(press(house, form, "Schreiben", gmail)) == GERMAN["reason mail-gone"]


def test_what_is_said_in_german_already_stays(house: AddonHouse) -> None:
    """Nothing typed: the card asks for a word, in its own words."""
    gmail = Gmail(gmail=WRITING, locale="de")
    form = house.ask("compose", gmail=gmail)
    assert "Es gibt nichts, wonach zu schreiben wäre." in text(press(house, form, "Schreiben", gmail))
    assert say_error(Spoken("Zu spät.", hint="Morgen."), "de") == ("Zu spät.", "Morgen.")


def test_english_keeps_the_services_sentences(house: AddonHouse) -> None:
    """They are the more exact ones; so does a language that has no words of its own."""
    error = EngineDown(ENGLISH, hint="Ask again later.", reason=Reason.RESTS)
    assert say_error(error, "en") == say_error(error, "xx") == (ENGLISH, "Ask again later.")
    notice = Notice(kind=NoticeKind.UNTOLD, about="ana", text="You could not be told.")
    assert say_notice(notice, "en") == say_notice(notice, "xx") == "You could not be told."
    house.house.model_server.error = error
    form = house.ask("compose", gmail=Gmail(gmail=WRITING))
    said = press(house, form, "Write", Gmail(gmail=WRITING), inputs={"instruction": "say yes"})
    assert ENGLISH in text(said)
    assert "Try again" in buttons(said)


def test_names_with_brackets_do_no_harm() -> None:
    """What an error is about is put in as it is."""
    error = UsageError("x", reason=Reason.NO_EMBEDDER, about="{x} {0}")
    assert "Das Modell {x} {0}, das Mails findet" in say_error(error, "de")[0]
