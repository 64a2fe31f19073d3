"""The addresses of pairing: a code is made, used, and what came of it is given back."""

from importlib.metadata import version

from flask import Blueprint, Response, request
from pydantic import BaseModel

from service.access.asking import address, allowed_by
from service.access.audit import Use
from service.access.door import API, PAIR, action
from service.access.limits import Pace
from service.access.origins import is_extension, refuse
from service.access.pairing import Paired
from service.access.scopes import Scope
from service.access.wire import CodeAnswer, PairAnswer, PairBody, PairedItem
from service.body import read_as, sent_json
from service.parts import Parts
from service.problems import WrongOrigin


def make_pairing(parts: Parts) -> Blueprint:
    """Return the routes."""
    pairing = Blueprint("pairing", __name__)
    tries = Pace(10, 60.0, what="tries to pair", hint="Wait a minute, then make a new code: cyrano pair")
    drafting, managing = allowed_by(parts, Scope.DRAFT), allowed_by(parts, Scope.MANAGE)

    @pairing.post(PAIR)
    def pair() -> Response:
        origin = request.headers.get("Origin", "")
        if not is_extension(origin):
            raise refuse()  # before anything is read: a web page uses up no try
        body = read_as(PairBody, sent_json())
        tries.take(address())
        opened = parts.pairings.redeem(body.code, origin=origin, label=body.client)
        for each in opened:
            parts.audit.note(Use(account=each.account, label=body.client, action=action(), origin=origin))
        items = tuple(_item(parts, each) for each in opened)
        return _json(PairAnswer(api=int(API), version=version("cyrano-mail"), accounts=items))

    @pairing.delete(PAIR)
    def unpair() -> Response:
        access = drafting()
        if not access.origin:
            hint = "Revoke it by its label: cyrano token revoke LABEL"
            raise WrongOrigin("This token is no paired browser's.", hint=hint)
        parts.tokens.revoke_one(access.account, access.token_id)
        return Response(status=204)

    @pairing.post("/pairing")
    def make_code() -> Response:
        made = parts.pairings.make([managing().account])
        return _json(CodeAnswer(code=made.code, expires_at=made.expires_at))

    return pairing


def _item(parts: Parts, opened: Paired) -> PairedItem:
    record = parts.account(opened.account)
    own = record.owner.addr.lower()
    others = sorted({addr.lower() for addr in record.addresses} - {own})
    return PairedItem(
        name=record.name,
        owner=str(record.owner),
        addresses=tuple(filter(None, (own, *others))),
        token=opened.token,
    )


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")
