"""Consent that is not there is asked for, each where it is needed, and never in a circle."""

import json

from service.addon.desk import COMPOSE, READ_MAIL
from service.addon.door import WHO
from tests.service.addon.google import ALL_SCOPES, Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.reading import text, title
from tests.service.addon.test_flow import OPEN_MAIL, press

REFUSED = json.dumps({"error": {"code": 403, "errors": [{"reason": "insufficientPermissions"}]}}).encode()


def without(scope: str) -> tuple[str, ...]:
    """All consents but one."""
    return tuple(each for each in ALL_SCOPES if each != scope)


def test_reading_the_mail_is_asked_for_beside_a_mail(house: AddonHouse) -> None:
    """Without consent to read, the card of an open mail asks for exactly that."""
    answer = house.ask("message", gmail=Gmail(scopes=without(READ_MAIL), gmail=OPEN_MAIL))
    assert answer == {"requesting_google_scopes": {"scopes": [READ_MAIL]}}


def test_writing_is_asked_for_in_the_compose_window(house: AddonHouse) -> None:
    """Without consent to change the draft, the compose card asks for exactly that; home needs neither."""
    answer = house.ask("compose", gmail=Gmail(scopes=without(COMPOSE)))
    assert answer == {"requesting_google_scopes": {"scopes": [COMPOSE]}}
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
