"""What was done with a draft where it was asked for, and that it can be said over HTTP."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select
from werkzeug.test import TestResponse

from connectors import schema
from connectors.forget import empty
from service.feedback import Feedback, FeedbackKind
from tests.service.given import kinds_of
from tests.service.stand_ins import House

BASE = "http://127.0.0.1:8380"
Give = Callable[..., TestResponse]


@pytest.fixture
def give(house: House, client: FlaskClient) -> Give:
    """`POST /drafts/<id>/feedback` with Ana's token."""
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}

    def ask(draft_id: str, kind: object = "inserted", **more: Any) -> TestResponse:
        path = f"/drafts/{draft_id}/feedback"
        return client.post(path, base_url=BASE, headers=headers, **({"json": {"kind": kind}} | more))

    return ask


def test_the_newest_word_counts(house: House) -> None:
    """Each kind once; who says the same again says when."""
    ticks = iter(range(100))
    feedback = Feedback(house.engine, clock=lambda: datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=next(ticks)))
    draft_id = house.ledger.begin("ana")
    for kind in ("inserted", "discarded", "inserted", "inserted"):
        assert feedback.give("ana", draft_id, FeedbackKind(kind))
    assert kinds_of(house.engine, "ana", draft_id) == [FeedbackKind.DISCARDED, FeedbackKind.INSERTED]
    assert kinds_of(house.engine, "bob", draft_id) == []


def test_two_who_say_the_same_at_once_are_both_heard(house: House) -> None:
    """A click may be told twice, by two connections: neither is an error, and it stands there once."""
    draft_id = house.ledger.begin("ana")
    gate, heard = threading.Barrier(2, timeout=20), list[bool]()
    writing = threading.local()

    @event.listens_for(house.engine, "before_cursor_execute")
    def together(*_: Any) -> None:
        # Whatever each writes first is begun by both before either goes on.
        if not getattr(writing, "is_begun", False):
            writing.is_begun = True
            gate.wait()

    def say() -> None:
        heard.append(Feedback(house.engine).give("ana", draft_id, FeedbackKind.INSERTED))

    sayers = [threading.Thread(target=say) for _ in range(2)]
    for sayer in sayers:
        sayer.start()
    for sayer in sayers:
        sayer.join(30)
    event.remove(house.engine, "before_cursor_execute", together)
    assert heard == [True, True]
    assert kinds_of(house.engine, "ana", draft_id) == [FeedbackKind.INSERTED]


@pytest.mark.parametrize("draft_id", ["%00", "%00" * 32, "x", "'", "A" * 32, "%F0%9F%98%80"])
def test_an_id_that_is_none_is_not_there(give: Give, draft_id: str) -> None:
    """Not even where a database would refuse to look for it."""
    response = give(draft_id)
    assert (response.status_code, response.get_json(force=True)["type"]) == (404, "urn:cyrano:no-such-draft")


def test_a_draft_of_somebody_else_is_not_there(house: House) -> None:
    """Law 8: each account its own; nothing is noted."""
    draft_id = house.ledger.begin("bob")
    feedback = Feedback(house.engine)
    assert not feedback.give("ana", draft_id, FeedbackKind.INSERTED)
    assert not feedback.give("ana", "0" * 32, FeedbackKind.INSERTED)
    assert kinds_of(house.engine, "bob", draft_id) == []


def test_feedback_goes_with_its_draft_and_with_its_account(house: House) -> None:
    """What is forgotten leaves nothing behind here either."""
    feedback = Feedback(house.engine)
    for account in ("ana", "ana", "bob"):
        feedback.give(account, house.ledger.begin(account), FeedbackKind.REFINED)
    one = house.ledger.recent("ana", 1)[0].draft_id
    with house.engine.begin() as connection:
        connection.execute(delete(schema.draft).where(schema.draft.c.draft_id == one))
        assert len(connection.execute(select(schema.feedback)).all()) == 2
    empty(house.engine, "ana")
    with house.engine.begin() as connection:
        assert [row.account for row in connection.execute(select(schema.feedback))] == ["bob"]


def test_it_can_be_said_over_http_more_than_once(give: Give, house: House) -> None:
    """A browser that did not hear the answer says it again."""
    draft_id = house.ledger.begin("ana")
    for _ in range(2):
        response = give(draft_id)
        assert (response.status_code, response.data) == (204, b"")
    assert kinds_of(house.engine, "ana", draft_id) == [FeedbackKind.INSERTED]


@pytest.mark.parametrize("owner", ["bob", ""])
def test_an_unknown_draft_and_somebody_elses_look_the_same(give: Give, house: House, owner: str) -> None:
    """A token tells nothing about what other accounts have."""
    response = give(house.ledger.begin(owner) if owner else "0" * 32)
    said = response.get_json(force=True)
    assert (response.status_code, said["type"]) == (404, "urn:cyrano:no-such-draft")
    assert said["hint"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"kind": "loved"}}, 422),
        ({"json": {"kind": "inserted", "text": "my words"}}, 422),
        ({"json": {}}, 422),
        ({"json": ["inserted"]}, 422),
        ({"json": None, "data": b"{", "content_type": "application/json"}, 400),
        ({"json": None, "data": b'{"kind": "inserted"}', "content_type": "text/plain"}, 415),
        ({"json": None, "data": {"kind": "inserted"}}, 415),
    ],
)
def test_what_is_no_feedback_is_refused(give: Give, house: House, sent: dict[str, Any], status: int) -> None:
    """Strictly: a form that a page of another site posts is none either."""
    draft_id = house.ledger.begin("ana")
    assert give(draft_id, **sent).status_code == status
    assert kinds_of(house.engine, "ana", draft_id) == []


def test_without_a_token_nothing_is_said(client: FlaskClient, house: House) -> None:
    """Not even whether there is such a draft."""
    for draft_id in (house.ledger.begin("ana"), "0" * 32):
        response = client.post(f"/drafts/{draft_id}/feedback", base_url=BASE, json={"kind": "inserted"})
        assert response.status_code == 401
