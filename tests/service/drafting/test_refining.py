"""Changing a draft over HTTP: what it was asked by comes back, and only its own account can."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, update
from werkzeug.test import TestResponse

from connectors import schema
from service.drafting.refining import MOST, asked_by
from service.http import HttpSettings
from service.web import create_app
from tests.service.stand_ins import House

BASE = "http://127.0.0.1:8380"
ASK = {"instruction": "invite Marta for 15:00", "to": ["marta@example.org"]}
CHANGE = {**ASK, "instruction": "shorter", "draft_so_far": "Hi Marta, come at 15:00."}
Post = Callable[..., TestResponse]


@pytest.fixture
def post(house: House) -> Post:
    """`POST /draft` with Ana's token."""
    client = create_app(house.parts(), HttpSettings()).test_client()
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}
    return lambda **body: client.post("/draft", base_url=BASE, headers=headers, json=body)


def fault_of(response: TestResponse) -> dict[str, Any]:
    """What is said about a body that is wrong."""
    said: dict[str, Any] = response.get_json(force=True)
    assert (response.status_code, said["type"]) == (422, "urn:cyrano:invalid-body")
    (fault,) = said["faults"]
    return dict(fault)


def test_a_change_knows_what_was_asked_before(post: Post, house: House) -> None:
    """From change to change: in the prompt, as evidence for facts, and in the ledger."""
    first = post(**ASK).get_json()["draft_id"]
    second = post(**CHANGE | {"instruction": "say 16:30 instead", "refines": first}).get_json()["draft_id"]
    house.model_server.pieces = ["Come at 16:30, not at 15:00 or at 17:00."]
    third = post(**CHANGE, refines=second).get_json()
    assert [fact["text"] for fact in third["unsupported"]] == ["17:00"]
    prompt = house.model_server.prompts[-1]
    asked = [
        "Instruction: invite Marta for 15:00",
        "Change: say 16:30 instead",
        CHANGE["draft_so_far"],
        "Change: shorter",
    ]
    places = [prompt.index(str(words)) for words in asked]
    assert places == sorted(places)
    assert [row.replaces for row in house.ledger.recent("ana", 3)] == [second, first, ""]


def test_a_draft_from_elsewhere_can_be_changed(post: Post, house: House) -> None:
    """Who has only its text gives that."""
    assert post(**CHANGE).status_code == 200
    (row,) = house.ledger.recent("ana", 9)
    assert (row.instruction, row.replaces) == ("shorter", "")


def test_the_draft_so_far_is_no_evidence(post: Post, house: House) -> None:
    """What was invented once stays marked."""
    house.model_server.pieces = ["Come at 15:00."]
    assert [fact["text"] for fact in post(**CHANGE).get_json()["unsupported"]] == ["15:00"]


def test_drafts_of_others_and_of_the_mailbox_are_not_known(post: Post, house: House) -> None:
    """Law 8; and a draft that lies in Drafts is replaced by its watcher alone."""
    watched = house.ledger.want("ana", "m1@x", "d1@cyrano")
    for draft_id in (house.ledger.begin("bob"), watched.draft_id, "0" * 32, "'"):
        assert fault_of(post(**CHANGE, refines=draft_id)) == {"where": "refines", "what": "this draft is not known"}
    assert house.ledger.replacing(watched) is None
    assert house.model_server.prompts == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"draft_so_far": "Hi."}, "say in the instruction how to change"),
        (
            {"draft_so_far": "Hi.", "instruction": " \n", "thread": [{"text": "x"}]},
            "say in the instruction how to change",
        ),
        ({"instruction": "shorter", "refines": "0" * 32}, "give the draft so far"),
        ({"instruction": "say yes", "tone": "loud"}, "this is none of friendly, neutral, formal"),
        ({"instruction": "say yes", "length": "endless"}, "this is none of short, medium, long"),
    ],
)
def test_half_a_wish_is_refused(post: Post, body: dict[str, Any], words: str) -> None:
    """It is said what is missing."""
    assert words in fault_of(post(**body))["what"]


@pytest.mark.parametrize("nothing", [{}, {"tone": None, "length": None}, {"tone": "", "length": "", "refines": ""}])
def test_tone_and_length_reach_the_prompt(post: Post, house: House, nothing: dict[str, Any]) -> None:
    """Those that are given; with none it is as ever."""
    post(**ASK, tone="formal", length="short")
    post(**ASK, **nothing)
    wished, plain = house.model_server.prompts
    assert wished.replace("Tone: formal\nLength: short, a few sentences\n", "") == plain


def test_of_many_changes_the_first_wish_and_the_last_ones_count(house: House) -> None:
    """A prompt has an end; what the mail is about stays in it."""
    draft_id = ""
    for number in range(MOST + 5):
        draft_id = house.ledger.begin("ana", instruction=str(number), replaces=draft_id)
    found = asked_by(house.ledger, "ana", draft_id)
    assert found == ("0", *(str(number) for number in range(6, MOST + 5)))
    assert len(found) == MOST


def test_a_long_chain_is_one_question(house: House) -> None:
    """However often a draft was changed, the database is asked once; and a circle has an end."""
    draft_id = first = house.ledger.begin("ana", instruction="0")
    for number in range(150):
        draft_id = house.ledger.begin("ana", instruction=str(number + 1), replaces=draft_id)
    asked = list[str]()
    event.listen(house.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert asked_by(house.ledger, "ana", draft_id) == ("0", *(str(number) for number in range(132, 151)))
    assert len(asked) == 1
    with house.engine.begin() as connection:
        connection.execute(update(schema.draft).where(schema.draft.c.draft_id == first).values(replaces=draft_id))
    found = asked_by(house.ledger, "ana", draft_id)
    assert found is not None
    assert len(found) == MOST


def test_a_change_of_what_was_forgotten_says_nothing_of_it(post: Post, house: House) -> None:
    """The prompt has no instruction then but to write the mail; "shorter" stands where changes stand."""
    gone = house.ledger.begin("ana", instruction="shorter", replaces="0" * 32)
    assert post(**CHANGE | {"instruction": "friendlier"}, refines=gone).status_code == 200
    prompt = house.model_server.prompts[-1]
    assert "Change: shorter" in prompt
    assert "Instruction: shorter" not in prompt
    assert "Instruction: \n" not in prompt


def test_a_chain_ends_where_it_was_forgotten(house: House) -> None:
    """What is left is what is known: a change does not pass for what the mail is about."""
    ledger = house.ledger
    draft_id = ledger.begin("ana", instruction="shorter", replaces="0" * 32)
    assert asked_by(ledger, "ana", draft_id) == ("", "shorter")
    assert asked_by(ledger, "bob", draft_id) is None
