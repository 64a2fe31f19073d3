"""What Google is answered: a card, text for the draft in the compose window, or a wish for consent."""

from collections.abc import Iterable

from service.addon.cards import Json


def opened(card: Json) -> Json:
    """Answer a trigger with a card."""
    return {"action": {"navigations": [{"pushCard": card}]}}


def pushed(card: Json) -> Json:
    """Answer a button with a card on top: "back" leads to where it was pressed."""
    return {"renderActions": {"action": {"navigations": [{"pushCard": card}]}}}


def replaced(card: Json) -> Json:
    """Answer a button with a card in the place of the one where it was pressed."""
    return {"renderActions": {"action": {"navigations": [{"updateCard": card}]}}}


def told(text: str) -> Json:
    """Answer a button with a line that goes away, and the first card."""
    return {"renderActions": {"action": {"navigations": [{"popToRoot": True}], "notification": {"text": text}}}}


def inserted(html: str) -> Json:
    """Answer a button by putting HTML where the cursor is in the draft; recipients and subject stay as they are."""
    body = {"insertContents": [{"content": html, "contentType": "MUTABLE_HTML"}], "type": "IN_PLACE_INSERT"}
    action = {"gmailAction": {"updateDraftActionMarkup": {"updateBody": body}}}
    return {"renderActions": {"hostAppAction": action}}


def consent_wanted(scopes: Iterable[str]) -> Json:
    """Answer anything by having Google ask for consent; then it asks us again."""
    return {"requesting_google_scopes": {"scopes": list(scopes)}}
