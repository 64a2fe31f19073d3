"""The addresses of the HTTP service, asked as a program asks them."""

import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connectors.errors import EngineDown, StoreError
from service.draft_row import State, Written
from service.health import Part
from service.http import HttpSettings
from service.web import create_app
from tests.service.stand_ins import House, make_database

BASE = "http://127.0.0.1:8380"
ASK = {"instruction": "meet Marta", "to": ["Marta Kling <Marta@example.org>"], "subject": "Lunch"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A drafter with its stand-ins."""
    return House(engine=make_database(tmp_path))


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of Ana's service; it shows no token by itself."""
    return create_app(house.parts(), HttpSettings(max_body_kb=8, drafts_at_once=2)).test_client()


@pytest.fixture
def post(house: House, client: FlaskClient) -> Callable[..., TestResponse]:
    """`POST /draft` with Ana's token."""
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}

    def ask(body: object = ASK, **more: Any) -> TestResponse:
        return client.post("/draft", base_url=BASE, headers={**headers, **more.pop("headers", {})}, json=body, **more)

    return ask


def events_of(response: TestResponse) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream."""
    blocks = [block for block in response.text.split("\n\n") if block and not block.startswith(":")]
    pairs = [block.split("\ndata: ", 1) for block in blocks]
    return [(name.removeprefix("event: "), json.loads(data)) for name, data in pairs]


def check_problem(response: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """Check that the answer is a problem of a kind, with words, and return it."""
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    said: dict[str, Any] = response.get_json(force=True)
    assert (said["status"], said["type"]) == (status, f"urn:cyrano:{kind}")
    assert said["detail"]
    assert said["hint"]
    return said


def test_draft_answers_with_the_whole_mail(post: Callable[..., TestResponse], house: House) -> None:
    """One request, one JSON answer with text, HTML, sources and what cannot be traced."""
    house.model_server.pieces = ["Hi Marta,\n\n", "it costs <b>€99</b> & more.\n", "Ana"]
    answer = post().get_json()
    assert answer["text"] == "Hi Marta,\n\nit costs <b>€99</b> & more.\nAna"
    assert answer["html"] == "<p>Hi Marta,</p><p>it costs &lt;b&gt;€99&lt;/b&gt; &amp; more.<br>Ana</p>"
    assert [source["message_id"] for source in answer["sources"]] == ["s1@example.org"]
    assert answer["sources"][0]["to"] == ["Marta Kling <marta@example.org>"]
    assert [fact["text"] for fact in answer["unsupported"]] == ["€99"]
    assert (answer["subject"], answer["language"], answer["adapter"]) == ("Lunch", "en", None)
    assert set(answer["timings_ms"]) == {"retrieved", "first_token", "total"}
    assert house.retriever.asked[0].recipients[0].addr == "marta@example.org"


@pytest.mark.parametrize("how", [{"body": {**ASK, "stream": True}}, {"headers": {"Accept": "text/event-stream"}}])
def test_draft_streams(post: Callable[..., TestResponse], how: dict[str, Any]) -> None:
    """Asked either way, the answer comes as meta, tokens, done; the tokens make the text."""
    response = post(**how)
    assert response.mimetype == "text/event-stream"
    (first, meta), *tokens, (last, done) = events_of(response)
    assert (first, last, {name for name, _ in tokens}) == ("meta", "done", {"token"})
    assert "".join(data["text"] for _, data in tokens) == done["text"] == "Hi Marta,\n\nsee you soon.\n\nAna"
    assert meta["draft_id"] == done["draft_id"]
    assert meta["sources"] == done["sources"]


def test_it_says_how_much_of_a_long_thread_was_not_read(post: Callable[..., TestResponse], house: House) -> None:
    """The newest messages are read; how many older ones did not fit is told before the first word, and at the end."""
    messages = [{"from": "Bob", "text": f"Number {number}. " + "x " * 350} for number in range(10)]
    response = post({**ASK, "thread": messages, "stream": True})
    (_, meta), *_, (_, done) = events_of(response)
    (prompt,) = house.model_server.prompts
    assert 0 < meta["unread"] == done["unread"] < 10
    assert f"Number {meta['unread']}." in prompt
    assert f"Number {meta['unread'] - 1}." not in prompt
    assert post().get_json()["unread"] == 0


def test_thread_message_without_sender_is_the_recipients(post: Callable[..., TestResponse], house: House) -> None:
    """A pasted message was written by whom the answer goes to."""
    post({"to": ["marta@example.org"], "thread": [{"text": "Lunch?"}, {"from": "Bob", "text": "Me too"}]})
    (asked,) = house.retriever.asked
    assert [message.sender.addr or message.sender.name for message in asked.thread] == ["marta@example.org", "Bob"]


def test_token_is_needed(client: FlaskClient) -> None:
    """Whatever belongs to an account needs its token."""
    for ask in (client.post, client.get):
        for path in ["/draft"] if ask == client.post else ["/drafts", "/accounts", "/stats"]:
            response = ask(path, base_url=BASE)
            check_problem(response, 401, "not-allowed")
            assert response.headers["WWW-Authenticate"] == "Bearer"


def test_token_of_one_account_cannot_draft_for_another(
    post: Callable[..., TestResponse], client: FlaskClient, house: House
) -> None:
    """Law 8: Ana's token opens neither Bob's drafts nor Bob's voice."""
    check_problem(post({**ASK, "account": "bob"}), 403, "wrong-account")
    assert post({**ASK, "account": "ana"}).status_code == 200
    assert {request.account for request in house.retriever.asked} == {"ana"}
    bob = {"Authorization": f"Bearer {house.tokens.create('bob', 'test')}"}
    assert client.get("/drafts", base_url=BASE, headers=bob).get_json() == {"drafts": []}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({**ASK, "instrution": "x"}, "instrution"),
        ({**ASK, "to": ["Marta"]}, "to[0]"),
        ({**ASK, "to": "marta@example.org"}, "to"),
        ({**ASK, "thread": [{"from": "x"}]}, "thread[0].text"),
        ({**ASK, "thread": [{"text": "x", "secret": 1}]}, "thread[0].secret"),
        ({**ASK, "language": "klingon"}, "language"),
        ({"subject": "x"}, ""),
        ([], ""),
    ],
)
def test_wrong_body_is_told_what_is_wrong(post: Callable[..., TestResponse], body: object, where: str) -> None:
    """The problem names each place that is wrong, and nothing was drafted."""
    said = check_problem(post(body), 422, "invalid-body")
    assert where in [fault["where"] for fault in said["faults"]]
    assert all(fault["what"] for fault in said["faults"])
    assert said.get("reason") == ("nothing-asked" if body == {"subject": "x"} else None)


def test_body_that_is_no_json(client: FlaskClient, house: House) -> None:
    """Broken JSON, another type, lone surrogates: each has its own clear answer."""
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}

    def send(data: bytes, kind: str) -> TestResponse:
        return client.post("/draft", base_url=BASE, headers=headers, data=data, content_type=kind)

    check_problem(send(b"{", "application/json"), 400, "not-json")
    check_problem(send(b'{"instruction": "\\ud800"}', "application/json"), 400, "not-json")
    check_problem(send(b"\xff", "application/json"), 400, "not-json")
    check_problem(send(b"{}", "text/plain"), 415, "unsupported-media-type")


def test_body_too_long(post: Callable[..., TestResponse]) -> None:
    """More than [http] max_body_kb is refused."""
    check_problem(post({"instruction": "x" * 9000}), 413, "request-entity-too-large")


def test_engine_down_is_503_with_retry_after(post: Callable[..., TestResponse], house: House) -> None:
    """While the engine is away, both ways of asking get the status, and when to ask again."""
    house.model_server.pieces, house.model_server.error = [], EngineDown("Away.", hint="Wait.", retry_after_s=9)
    for body in (ASK, {**ASK, "stream": True}):
        response = post(body)
        assert check_problem(response, 503, "engine-down")["retry_after_s"] == 9
        assert response.headers["Retry-After"] == "9"


def test_error_in_mid_stream_is_an_event(post: Callable[..., TestResponse], house: House) -> None:
    """Once tokens went out, an error comes as the last event, in the form of a problem."""
    house.model_server.pieces, house.model_server.error = ["Hi ", "Marta"], EngineDown("It stopped.", hint="Again.")
    *_, (name, said) = events_of(post({**ASK, "stream": True}))
    assert (name, said["status"], said["detail"], said["hint"]) == ("error", 503, "It stopped.", "Again.")
    assert house.ledger.recent("ana", 1)[0].state is State.FAILED


def test_token_has_so_many_drafts_at_once(post: Callable[..., TestResponse], house: House) -> None:
    """A third draft at the same time is refused; one that ended makes room."""
    house.model_server.gate = threading.Semaphore(0)
    waiting = [threading.Thread(target=post) for _ in range(2)]
    for thread in waiting:
        thread.start()
    while len(house.model_server.prompts) < 2:
        threading.Event().wait(0.01)
    response = post()
    check_problem(response, 429, "too-many-drafts")
    assert response.headers["Retry-After"]
    house.model_server.gate.release(1000)
    for thread in waiting:
        thread.join(10)
    assert post().status_code == 200


def test_drafts_lists_the_last_ones(post: Callable[..., TestResponse], client: FlaskClient, house: House) -> None:
    """The console finds what was drafted, newest first."""
    for word in ("one", "two"):
        post({**ASK, "instruction": word})
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}
    drafts = client.get("/drafts?limit=1", base_url=BASE, headers=headers).get_json()["drafts"]
    assert [(draft["instruction"], draft["state"], draft["is_answer"]) for draft in drafts] == [("two", "done", False)]
    for limit in ("x", "-1", "100000"):
        assert client.get(f"/drafts?limit={limit}", base_url=BASE, headers=headers).status_code == 200


def test_accounts_names_the_tokens_own(client: FlaskClient, house: House) -> None:
    """With the adapter in service, what is wrong, and how its mailbox does."""
    house.health.note("ana", Part.SYNC, "failed", error="The server is away.", hint="Wait.")
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}
    (account,) = client.get("/accounts", base_url=BASE, headers=headers).get_json()["accounts"]
    assert (account["name"], account["adapter"]) == ("ana", "ana@v1")
    said = "You could not be told how a run ended."
    assert account["notices"] == [said]
    assert account["noticed"] == [{"kind": "untold", "about": "ana", "text": said}]
    (part,) = account["parts"]
    assert (part["part"], part["state"]) == ("sync", "failed")
    assert (part["error"], part["hint"]) == ("The server is away.", "Wait.")


def test_stats_tell_what_became_of_the_tokens_own_drafts(client: FlaskClient, house: House) -> None:
    """By week and adapter; a draft of today may still be sent."""
    draft_id = house.ledger.begin("ana", instruction="Thank Ben.")
    house.ledger.finish(draft_id, Written(text="Thank you, Ben.", adapter="ana@v1"))
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}
    (week,) = client.get("/stats", base_url=BASE, headers=headers).get_json()["weeks"]
    assert (week["adapter"], week["as_is"], week["waiting"]) == ("ana@v1", 0, 1)


def test_ready_says_which_part_is_not(house: House) -> None:
    """Alive is not ready: each part has a word, and one that fails makes it 503."""

    def broken() -> None:
        raise StoreError("The index is damaged.")

    parts = replace(house.parts(), checks={"archive": lambda: None, "index": broken})
    client = create_app(parts, HttpSettings()).test_client()
    assert client.get("/healthz", base_url=BASE).status_code == 200
    response = client.get("/readyz", base_url=BASE)
    assert response.status_code == 503
    assert response.get_json() == {"is_ready": False, "parts": {"archive": "ok", "index": "The index is damaged."}}
    whole = create_app(house.parts(), HttpSettings()).test_client()
    assert whole.get("/readyz", base_url=BASE).status_code == 200


def test_openapi_describes_every_route(client: FlaskClient) -> None:
    """All routes stand in the document, all references lead somewhere, and unknown keys are forbidden there too."""
    document = client.get("/openapi.json", base_url=BASE).get_json()
    named = ("routes.", "pairing.", "feedback.")
    rules = {rule.rule for rule in client.application.url_map.iter_rules() if rule.endpoint.startswith(named)}
    assert set(document["paths"]) == {re.sub("<(.*?)>", r"{\1}", rule) for rule in rules} - {"/openapi.json"}
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= set(schemas)
    assert schemas["DraftBody"]["additionalProperties"] is False
    assert "from" in schemas["ThreadItem"]["properties"]
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert {"200", "204"} & set(operation["responses"])


def test_unknown_address_and_method_are_problems_too(client: FlaskClient) -> None:
    """Even a wrong address answers in the one form of errors."""
    check_problem(client.get("/nothing", base_url=BASE), 404, "not-found")
    response = client.get("/draft", base_url=BASE)
    check_problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]


def test_unexpected_error_tells_nothing(post: Callable[..., TestResponse], house: House) -> None:
    """A mistake of ours is a 500 without its inside."""
    house.model_server.pieces, house.model_server.error = ["Hi"], ValueError("Dear Marta")
    said = check_problem(post(), 500, "internal")
    assert "Marta" not in str(said)


def test_log_holds_no_mail(post: Callable[..., TestResponse], caplog: pytest.LogCaptureFixture) -> None:
    """Law: neither mail nor addresses nor tokens in the log, for good and for bad requests."""
    with caplog.at_level(logging.DEBUG):
        post({**ASK, "instruction": "the blue pot", "thread": [{"text": "the blue pot"}]})
        post({**ASK, "blue pot": 1})
        post({**ASK, "account": "bob"})
    assert "draft" in caplog.text
    for word in ("blue pot", "@example.org", "cyr_"):
        assert word not in caplog.text
