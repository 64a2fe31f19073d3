"""The address at which a browser says what was done with a draft."""

from flask import Blueprint, Response
from pydantic import Field

from service.access.asking import allowed_by
from service.access.scopes import Scope
from service.body import Body, read_as, sent_json
from service.feedback import FeedbackKind
from service.parts import Parts
from service.problems import NoSuchDraft


class FeedbackBody(Body):
    """What was done with a draft."""

    kind: FeedbackKind = Field(
        description='"inserted" into the mail, "refined" into another draft, or "discarded". Twice does no harm.'
    )


def make_feedback(parts: Parts) -> Blueprint:
    """Return the route."""
    routes = Blueprint("feedback", __name__)
    drafting = allowed_by(parts, Scope.DRAFT)

    @routes.post("/drafts/<draft_id>/feedback")
    def feedback(draft_id: str) -> Response:
        account = drafting().account
        body = read_as(FeedbackBody, sent_json())
        if not parts.feedback.give(account, draft_id, body.kind):
            raise NoSuchDraft("There is no such draft.", hint="It may have been forgotten, or be another account's.")
        return Response(status=204)

    return routes
