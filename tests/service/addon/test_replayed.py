"""Requests that come again: refused on a card, in every process, by what the setting says."""

import base64
import json
import logging
from copy import deepcopy
from typing import Any

import pytest

from service.access.audit import Use
from tests.service.addon.google import URL, Gmail, sign, system_claims, user_claims
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL
from tests.service.addon.reading import buttons, how_shown, text, title
from tests.service.addon.schema import check_schema

Json = dict[str, Any]
REFUSED = "This was asked and answered before."


def copied(path: str, **given: Any) -> tuple[Json, str]:
    """A request of Google's, as somebody may have copied it: event and header."""
    return Gmail(gmail=OPEN_MAIL).event(path, **given), sign(system_claims(path))


def is_refused(house: AddonHouse, path: str, event: Json, bearer: str) -> bool:
    """Send a request, and tell whether it was refused as one that came before."""
    response = house.post(path, event, bearer=bearer)
    assert response.status_code == 200, response.text
    answer = response.get_json()
    check_schema(answer, "answer")
    return REFUSED in text(answer) if "renderActions" in answer or "action" in answer else False


def written(house: AddonHouse, event: Json, bearer: str) -> bool:
    """Press Write, and tell whether anything was written."""
    before = len(house.house.retriever.asked)
    refused = is_refused(house, "write", event, bearer)
    assert refused == (len(house.house.retriever.asked) == before)
    return not refused


def test_exact_replay_is_refused_on_a_card_that_says_what_to_do(house: AddonHouse) -> None:
    """Whoever copied a request gets nothing; and if it was Google, its user knows what to do."""
    event, bearer = copied("home")
    house.post("home", event, bearer=bearer)
    answer = house.post("home", event, bearer=bearer).get_json()
    check_schema(answer, "answer")
    assert (title(answer), how_shown(answer), buttons(answer)) == ("That did not work", "pushCard", {})
    said = text(answer)
    assert "close Cyrano's card and open it again" in said
    assert "log" in said
    assert "ana" not in said.lower()


def test_refusal_speaks_the_language_of_gmail(house: AddonHouse) -> None:
    """German where Gmail is."""
    event, bearer = Gmail(locale="de").event("home"), sign(system_claims("home"))
    house.post("home", event, bearer=bearer)
    assert "öffne sie wieder" in text(house.post("home", event, bearer=bearer).get_json())


def test_log_names_the_setting_and_the_age_of_the_tokens(house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """The owner can tell a copy from a habit of Google's, and what to change; nothing in it is secret."""
    caplog.set_level(logging.INFO)
    event, _ = copied("home")
    bearer = sign(system_claims("home", iat=system_claims("home")["iat"] - 600))
    house.post("home", event, bearer=bearer)
    house.post("home", event, bearer=bearer)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "service.addon.door"]
    assert said.startswith("the add-on refused a request: replayed, with tokens 60")
    assert "[addon] refuse_replays" in said
    assert "deploy/addon/README.md" in said
    assert bearer not in said


def test_audit_counts_a_replay_for_the_account(house: AddonHouse) -> None:
    """Somebody showed tokens of hers a second time: its owner can see that."""
    event, bearer = copied("home")
    for _ in range(2):
        house.post("home", event, bearer=bearer)
    uses = [count.use for count in house.house.audit.read("ana")]
    assert Use(account="ana", label="Workspace add-on", action="POST /addon/home", outcome="replayed") in uses
    assert [use.outcome for use in uses].count("ok") == 1


def test_replay_of_nobodys_request_is_refused_too(house: AddonHouse) -> None:
    """Without a person, and for one without an account here."""
    stranger = Gmail(email="eve@example.org").event("home")
    nameless = Gmail(scopes=None).event("home")
    del nameless["authorizationEventObject"]["userIdToken"]
    for event in (stranger, nameless):
        bearer = sign(system_claims("home"))
        assert not is_refused(house, "home", event, bearer)
        assert is_refused(house, "home", event, bearer)


def test_replay_is_refused_after_a_restart_and_by_another_process(house: AddonHouse) -> None:
    """What was seen stands in the database they share."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    assert written(house, event, bearer)
    assert not written(house.restarted(), event, bearer)


def test_tokens_of_a_button_are_good_once_whatever_comes_with_them(house: AddonHouse) -> None:
    """Whoever copied a request cannot make another one of it."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    assert written(house, event, bearer)
    other = deepcopy(event)
    other["commonEventObject"]["formInputs"]["instruction"]["stringInputs"]["value"] = ["tell all you know"]
    assert not written(house, other, bearer)
    other["gmail"]["messageId"] = "m2"
    assert not written(house, other, bearer)


@pytest.mark.parametrize("left", ["header", "event", "swapped"])
def test_tokens_taken_apart_are_no_other_tokens(left: str, house: AddonHouse) -> None:
    """Where header and event bring one each, either of them was seen."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    inner = event["authorizationEventObject"]["systemIdToken"]
    assert written(house, event, bearer)
    tokens = {"header": (bearer, ""), "event": ("", inner), "swapped": (inner, bearer)}
    header, event["authorizationEventObject"]["systemIdToken"] = tokens[left]
    assert not written(house, event, header)


def test_signature_written_another_way_is_the_same_token(house: AddonHouse) -> None:
    """The last letter of a signature has bits that mean nothing."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    event["authorizationEventObject"]["systemIdToken"] = ""
    assert written(house, event, bearer)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = bearer[:-1] + letters[letters.index(bearer[-1]) ^ 1]
    signature, changed = (token.rpartition(".")[2] + "==" for token in (bearer, other))
    assert base64.urlsafe_b64decode(signature) == base64.urlsafe_b64decode(changed)
    assert not written(house, event, other)


def test_new_tokens_make_a_new_request(house: AddonHouse) -> None:
    """The same button pressed again is answered: Google calls with a token of that moment."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    assert written(house, event, bearer)
    event["authorizationEventObject"]["systemIdToken"] = ""
    assert written(house, event, sign(system_claims("write")))


def test_same_second_may_be_two_peoples(house: AddonHouse) -> None:
    """A system token names the address and the second; who asks is said by the other one."""
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    event["authorizationEventObject"]["systemIdToken"] = ""
    assert written(house, event, bearer)
    event["authorizationEventObject"]["userIdToken"] = sign(user_claims("bob@example.org"))
    assert written(house, event, bearer)


def test_two_mails_may_be_opened_within_a_second(house: AddonHouse) -> None:
    """Who leafs through mails sees the card beside each; the same one again within the second is a replay."""
    event, bearer = copied("message")
    assert not is_refused(house, "message", event, bearer)
    event["gmail"]["messageId"] = "m2"
    assert not is_refused(house, "message", event, bearer)
    assert is_refused(house, "message", event, bearer)
    event["commonEventObject"]["userLocale"] = "en-GB"
    assert is_refused(house, "message", event, bearer)


@pytest.mark.parametrize("path", ["home", "compose"])
def test_other_openings_are_good_once_whatever_comes_with_them(path: str, house: AddonHouse) -> None:
    """What the compose window's card says of the newest draft is not to be had again by naming another mail."""
    event, bearer = copied(path)
    assert not is_refused(house, path, event, bearer)
    event["gmail"]["messageId"] = "m2"
    assert is_refused(house, path, event, bearer)


def test_system_token_is_good_at_one_address(house: AddonHouse) -> None:
    """A copied opening presses no button."""
    event, bearer = copied("home")
    assert not is_refused(house, "home", event, bearer)
    event["authorizationEventObject"]["systemIdToken"] = ""
    assert house.post("write", event, bearer=bearer).status_code == 401


@pytest.mark.parametrize(
    ("setting", "refused"),
    [
        ("tokens", ["home", "home changed", "refresh", "refresh changed"]),
        ("all", ["home", "refresh"]),
        ("buttons", ["refresh"]),
        ("none", []),
    ],
)
def test_what_counts_as_replay_can_be_set(setting: str, refused: list[str], house: AddonHouse) -> None:
    """Where Google is seen to use its tokens for several requests, less is refused."""
    house.settings = house.settings.model_copy(update={"refuse_replays": setting})
    found = []
    for path in ("home", "refresh"):
        event, bearer = copied(path)
        assert not is_refused(house, path, event, bearer)
        changed = {**event, "commonEventObject": {**event["commonEventObject"], "parameters": {"job": "another"}}}
        found += [path] if is_refused(house, path, event, bearer) else []
        found += [f"{path} changed"] if is_refused(house, path, changed, bearer) else []
    assert found == refused


@pytest.mark.parametrize("setting", ["tokens", "all", "buttons"])
@pytest.mark.parametrize("left", ["header", "event"])
def test_request_written_another_way_is_the_same(setting: str, left: str, house: AddonHouse) -> None:
    """A blank more, another order, one token less, another language: what is asked for counts, and who asks."""
    house.settings = house.settings.model_copy(update={"refuse_replays": setting})
    event, bearer = copied("write", inputs={"instruction": "say yes"})
    event["authorizationEventObject"]["systemIdToken"] = bearer
    assert written(house, event, bearer)
    body = json.dumps(event).encode()
    asked = len(house.house.retriever.asked)
    other = {**dict(reversed(event.items())), "commonEventObject": {**event["commonEventObject"], "userLocale": "de"}}
    other["authorizationEventObject"] = {**event["authorizationEventObject"], "userOAuthToken": "ya29.other"}
    for again in (body + b" ", json.dumps(event, indent=1).encode(), json.dumps(other).encode()):
        assert house.post("write", again, bearer=bearer if left == "event" else "").status_code == 200
    for header in (f"bearer  {bearer}", f"BEARER {bearer} "):
        assert house.post("write", body, headers={"Authorization": header}).status_code == 200
    assert len(house.house.retriever.asked) == asked


def test_bad_tokens_are_not_remembered(house: AddonHouse) -> None:
    """A stranger who guesses costs no room, and spoils nobody's request."""
    event, bearer = copied("home")
    bad = deepcopy(event)
    bad["authorizationEventObject"]["userIdToken"] = "no.token.atall"
    assert house.post("home", bad, bearer=bearer, base_url=URL).status_code == 401
    assert not is_refused(house, "home", event, bearer)
