"""The addresses of the HTTP service. Each route is thin: who asks, what for, and the answer in words of the wire."""

import logging
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel

from connectors.errors import CyranoError
from service import sse
from service.access.asking import allowed_by
from service.access.limits import drafts_pace
from service.access.scopes import Scope
from service.body import read_body, sent_json
from service.drafting.draft import Done
from service.drafting.refining import read_request
from service.http import HttpSettings
from service.openapi import describe
from service.parts import Parts
from service.problems import TooFast, WrongAccount
from service.pump import Pump
from service.slots import Slots
from service.wire import (
    AccountItem,
    AccountsAnswer,
    DraftsAnswer,
    ReadyAnswer,
    StatsAnswer,
    draft_answer,
    draft_item,
    notice_item,
    part_item,
    week_item,
)

logger = logging.getLogger(__name__)

RECENT = 20
MOST_RECENT = 100
GONE = 499
"""What nginx logs when the client went away; nobody is there to read it."""


def make_routes(parts: Parts, settings: HttpSettings) -> Blueprint:
    """Return the routes on these parts."""
    slots = Slots(settings.drafts_at_once)
    pace = drafts_pace(settings.drafts_per_minute)
    routes = Blueprint("routes", __name__)
    drafting, reading = allowed_by(parts, Scope.DRAFT), allowed_by(parts, Scope.READ)

    @routes.post("/draft")
    def draft() -> Response:
        access = drafting()
        body = read_body(sent_json())
        if body.account not in {None, access.account}:
            hint = "Leave the account out, or use a token made for it."
            raise WrongAccount("This token is for another account.", hint=hint)
        asked = read_request(body, parts.account(access.account), parts.ledger)
        slots.take(access.token_id)
        try:
            pace.take(access.token_id)
        except TooFast:
            slots.give_back(access.token_id)
            raise
        pump = Pump(parts.drafter.draft(asked), on_end=lambda: slots.give_back(access.token_id))
        is_stream = body.stream or request.accept_mimetypes.best == sse.MEDIA_TYPE
        return (_streamed if is_stream else _whole)(pump, settings.heartbeat_s)

    @routes.get("/accounts")
    def accounts() -> Response:
        name = drafting().account
        item = AccountItem(
            name=name,
            owner=str(parts.account(name).owner),
            adapter=parts.adapter(name),
            notices=tuple(notice.text for notice in parts.notices(name)),
            noticed=tuple(map(notice_item, parts.notices(name))),
            parts=tuple(map(part_item, parts.health.of(name))),
        )
        return _json(AccountsAnswer(accounts=(item,)))

    @routes.get("/drafts")
    def drafts() -> Response:
        limit = request.args.get("limit", RECENT, type=int)
        rows = parts.ledger.recent(reading().account, max(1, min(limit, MOST_RECENT)))
        return _json(DraftsAnswer(drafts=tuple(map(draft_item, rows))))

    @routes.get("/stats")
    def stats() -> Response:
        return _json(StatsAnswer(weeks=tuple(map(week_item, parts.outcomes.weekly(reading().account)))))

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(is_alive=True)

    @routes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        words = {name: _word(check) for name, check in parts.checks.items()}
        is_ready = all(word == "ok" for word in words.values())
        return _json(ReadyAnswer(is_ready=is_ready, parts=words)), 200 if is_ready else 503

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(describe())

    return routes


def _streamed(pump: Pump, beat_s: float) -> Response:
    response = Response(sse.events(pump, beat_s), mimetype=sse.MEDIA_TYPE)
    # A reader who leaves before the first piece closes a generator that never ran: its `finally` would not run either.
    response.call_on_close(pump.stop)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _whole(pump: Pump, beat_s: float) -> Response:
    """Wait for the whole draft; where the server tells that the client went away, stop."""
    is_gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    while not is_gone():
        try:
            event = pump.take(beat_s)
        except TimeoutError:
            continue
        if isinstance(event, Done):
            return _json(draft_answer(event))
    pump.stop()
    return Response(status=GONE)


def _word(check: Callable[[], object]) -> str:
    try:
        check()
    except CyranoError as error:
        logger.info("not ready: %s", error)
        return str(error)
    return "ok"


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")
