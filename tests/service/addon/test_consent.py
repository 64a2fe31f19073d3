"""Consent that is not there is asked for, each where it is needed, and never in a circle."""

import json
import threading

import pytest

from service.addon.desk import COMPOSE, READ_MAIL, RECIPIENTS
from service.addon.door import WHO
from tests.service.addon.google import ALL_SCOPES, Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, press, waited_for
from tests.service.addon.reading import buttons, text, title

REFUSED = json.dumps({"error": {"code": 403, "errors": [{"reason": "insufficientPermissions"}]}}).encode()


def without(scope: str) -> tuple[str, ...]:
    """All consents but one."""
    return tuple(each for each in ALL_SCOPES if each != scope)


def test_reading_the_mail_is_asked_for_beside_a_mail(house: AddonHouse) -> None:
    """Without consent to read, the card of an open mail asks for exactly that."""
    answer = house.ask("message", gmail=Gmail(scopes=without(READ_MAIL), gmail=OPEN_MAIL))
    assert answer == {"requesting_google_scopes": {"scopes": [READ_MAIL]}}


def test_writing_is_asked_for_in_the_compose_window(house: AddonHouse) -> None:
    """Without consent to change the draft, the compose card asks for that and for recipients; home needs neither."""
    answer = house.ask("compose", gmail=Gmail(scopes=without(COMPOSE)))
    assert answer == {"requesting_google_scopes": {"scopes": [COMPOSE, RECIPIENTS]}}
    assert title(house.ask("home", gmail=Gmail(scopes=ALL_SCOPES[:1]))) == "Cyrano"


def test_the_address_is_asked_for_where_google_names_nobody(house: AddonHouse) -> None:
    """Google vouches for itself but may not say for whom: then it is to ask."""
    event = Gmail(scopes=without(WHO)).event("home")
    del event["authorizationEventObject"]["userIdToken"]
    response = house.post("home", event)
    assert response.get_json() == {"requesting_google_scopes": {"scopes": [WHO]}}


def test_refusal_of_gmail_asks_for_consent_where_google_did_not_say(house: AddonHouse) -> None:
    """Where the event names no consents, Gmail's own refusal tells."""
    house.gmail_server.refusal = (403, REFUSED)
    gmail = Gmail(scopes=None, gmail=OPEN_MAIL)
    answer = press(house, house.ask("message", gmail=gmail), "Write", gmail)
    assert answer == {"requesting_google_scopes": {"scopes": [READ_MAIL]}}


def test_refusal_in_spite_of_consent_is_said(house: AddonHouse) -> None:
    """Nobody is sent round and round: consent given and still refused is an error with words."""
    house.gmail_server.refusal = (403, REFUSED)
    answer = press(house, house.ask("message", gmail=Gmail(gmail=OPEN_MAIL)), "Write", Gmail(gmail=OPEN_MAIL))
    assert "Gmail does not let the add-on read this mail." in text(answer)


@pytest.mark.parametrize(
    ("path", "scopes"),
    [("home", [WHO]), ("message", [WHO, READ_MAIL]), ("compose", [WHO, COMPOSE, RECIPIENTS]), ("write", [WHO])],
)
def test_first_time_asks_for_consent(path: str, scopes: list[str], house: AddonHouse) -> None:
    """Who gave no consent yet is named by nobody, and Google leaves out the list: all a card needs is asked for."""
    event = Gmail(scopes=None, gmail=OPEN_MAIL).event(path)
    del event["authorizationEventObject"]["userIdToken"]
    response = house.post(path, event)
    assert (response.status_code, response.get_json()) == (200, {"requesting_google_scopes": {"scopes": scopes}})


def test_only_google_can_have_consent_asked_for(house: AddonHouse) -> None:
    """A stranger without a person is a stranger."""
    event = Gmail(scopes=None).event("home")
    del event["authorizationEventObject"]["userIdToken"]
    assert house.post("home", event, bearer="a.b.c").status_code == 401


def test_recipients_are_done_without(house: AddonHouse) -> None:
    """Who keeps the recipients to oneself writes all the same."""
    assert title(house.ask("compose", gmail=Gmail(scopes=without(RECIPIENTS)))) == "Write this mail"


def test_draft_is_written_after_the_consent_that_its_refresh_asked_for(house: AddonHouse) -> None:
    """A slow mail is refused, Refresh asks for consent, and asked again with it, the draft is begun anew."""
    house.settings = house.settings.model_copy(update={"answer_within_s": 0.2})
    house.gmail_server.gate, house.gmail_server.refusal = threading.Event(), (403, REFUSED)
    gmail = Gmail(scopes=None, gmail=OPEN_MAIL)
    waiting = press(house, house.ask("message", gmail=gmail), "Write", gmail)
    assert title(waiting) == "Still writing"
    house.gmail_server.gate.set()
    parameters = buttons(waiting)["Refresh"]["parameters"]
    answer = house.ask("refresh", gmail, parameters=parameters)
    assert answer == {"requesting_google_scopes": {"scopes": [READ_MAIL]}}
    house.gmail_server.refusal = None
    card = house.ask("refresh", gmail, parameters=parameters)
    card = waited_for(house, card, gmail)
    assert title(card) == "Draft"


def test_consent_is_asked_for_once(house: AddonHouse) -> None:
    """Where Gmail refuses on and Google never says what was granted, Refresh ends in words and not in a circle."""
    house.settings = house.settings.model_copy(update={"answer_within_s": 0.2})
    house.gmail_server.gate, house.gmail_server.refusal = threading.Event(), (403, REFUSED)
    gmail = Gmail(scopes=None, gmail=OPEN_MAIL)
    waiting = press(house, house.ask("message", gmail=gmail), "Write", gmail)
    house.gmail_server.gate.set()
    parameters = buttons(waiting)["Refresh"]["parameters"]
    assert "requesting_google_scopes" in house.ask("refresh", gmail, parameters=parameters)
    card = house.ask("refresh", gmail, parameters=parameters)
    card = waited_for(house, card, gmail)
    assert "Gmail does not let the add-on read this mail." in text(card)
    assert "Gmail does not let the add-on read this mail." in text(press(house, card, "Try again", gmail))


def test_try_again_uses_the_consent_of_now(house: AddonHouse) -> None:
    """The tokens of the request that failed are not used again: those that come with the button are."""
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    house.gmail_server.token = "ya29.fresh"
    card = press(house, form, "Write", Gmail(gmail=OPEN_MAIL))
    assert "Gmail does not let the add-on read this mail." in text(card)
    assert title(press(house, card, "Try again", Gmail(gmail=OPEN_MAIL, access_token="ya29.fresh"))) == "Draft"
