"""The addresses Google asks: three triggers, and the buttons of their cards."""

import logging

from flask import Blueprint, Response, jsonify, request

from service.addon import answers
from service.addon.desk import NEEDED, Desk, Wrap
from service.addon.door import Knock
from service.addon.event import Letter
from service.addon.front import Front, Handler
from service.addon.host import PREFIX
from service.addon.parts import AddonParts
from service.body import sent_json

logger = logging.getLogger(__name__)


def make_addon(parts: AddonParts) -> Blueprint:
    """Return the addresses of the add-on."""
    desk = Desk(parts)
    front = Front(parts, desk)
    routes = Blueprint("addon", __name__, url_prefix=PREFIX.rstrip("/"))

    def add(handler: Handler, wrap: Wrap, *, is_button: bool) -> None:
        name = handler.__name__
        endpoint = f"{parts.settings.url}{PREFIX}{name}"

        def view() -> Response:
            began = parts.clock()
            knock = _knock(endpoint, is_button=is_button, is_mail=handler == desk.message, needed=NEEDED.get(name, ()))
            answer = front.answer(handler, wrap, knock, began)
            logger.info("add-on: %s answered in %.0f ms", name, (parts.clock() - began) * 1000)
            return jsonify(answer)

        routes.add_url_rule(f"/{name}", name, view, methods=["POST"])

    for trigger in (desk.home, desk.message, desk.compose):
        add(trigger, answers.opened, is_button=False)
    for button in (desk.write, desk.refresh, desk.change, desk.again, desk.insert, desk.discard):
        add(button, answers.pushed, is_button=True)
    return routes


def _knock(endpoint: str, *, is_button: bool, is_mail: bool, needed: tuple[str, ...]) -> Knock:
    """Take a request in; nothing of it is believed yet, and but for its tokens nothing read."""
    return Knock(
        authorization=request.headers.get("Authorization", ""),
        letter=Letter(sent_json()),
        endpoint=endpoint,
        is_button=is_button,
        is_mail=is_mail,
        needed=needed,
    )
