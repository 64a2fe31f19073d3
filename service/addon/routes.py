"""The addresses Google asks: three triggers, and the buttons of their cards."""

import logging
from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from service.access.tokens import Access
from service.addon import answers
from service.addon.cards import Json
from service.addon.desk import NEEDED, Desk, Visit, Wrap
from service.addon.door import ConsentNeeded, Knock, account_of, let_in
from service.addon.event import Event, read_event
from service.addon.host import PREFIX
from service.addon.parts import AddonParts
from service.addon.words import speak

logger = logging.getLogger(__name__)

LABEL = "Workspace add-on"

Handler = Callable[[Visit], Json]


def make_addon(parts: AddonParts) -> Blueprint:
    """Return the addresses of the add-on."""
    desk = Desk(parts)
    routes = Blueprint("addon", __name__, url_prefix=PREFIX.rstrip("/"))

    def add(handler: Handler, wrap: Wrap, *, is_button: bool) -> None:
        name = handler.__name__
        endpoint = f"{parts.settings.url}{PREFIX}{name}"

        def view() -> Response:
            began = parts.clock()
            knock = _knock(endpoint, is_button=is_button, needed=NEEDED.get(name, ()))
            try:
                address = let_in(knock, parts)
                answer = served(handler, wrap, knock.event, address, began)
            except ConsentNeeded as needed:
                answer = answers.consent_wanted(needed.scopes)
            logger.info("add-on: %s answered in %.0f ms", name, (parts.clock() - began) * 1000)
            return jsonify(answer)

        routes.add_url_rule(f"/{name}", name, view, methods=["POST"])

    def served(handler: Handler, wrap: Wrap, event: Event, address: str, began: float) -> Json:
        say = speak(event.locale)
        try:
            record = account_of(address, parts.accounts(), say)
            # For the audit: whoever is let in here shows no token of ours.
            g.access = Access(account=record.name, token_id="", label=LABEL)
            return handler(Visit(record=record, event=event, say=say, began=began))
        except ConsentNeeded:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is: Gmail shows cards, and nothing else
            return wrap(desk.trouble(error, say))

    for trigger in (desk.home, desk.message, desk.compose):
        add(trigger, answers.opened, is_button=False)
    for button in (desk.write, desk.refresh, desk.change, desk.again, desk.insert, desk.discard):
        add(button, answers.pushed, is_button=True)
    return routes


def _knock(endpoint: str, *, is_button: bool, needed: tuple[str, ...]) -> Knock:
    """Read a request; nothing of it is believed yet."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be JSON.")
    raw = request.get_data(cache=False)
    authorization = request.headers.get("Authorization", "")
    event = read_event(raw)
    return Knock(
        authorization=authorization, raw=raw, event=event, endpoint=endpoint, is_button=is_button, needed=needed
    )
