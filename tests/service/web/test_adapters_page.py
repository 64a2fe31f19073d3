"""The page Adapters: each state of an adapter and a run is shown, with what to do about it."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from connectors.errors import StoreError
from service.desk import Standing
from service.refresh.runs import RunState
from service.web.words import RUN_STATES
from tests.service.stand_ins import NOON
from tests.service.web.conftest import BASE, Ask
from tests.service.web.standin_desk import StandInDesk, StandInOutlook, card, evaluation, run, shelved


def events(response: object) -> dict[str, object]:
    """What an answer tells the page."""
    told: dict[str, object] = json.loads(response.headers.get("HX-Trigger-After-Settle", "{}"))  # type: ignore[attr-defined]
    return told


def test_what_writes_is_said_first(ask: Ask) -> None:
    """The heading names the adapter in service, and each version says how it stands."""
    page = ask("/console/adapters").text
    assert "ana@v3 writes your drafts." in page
    assert re.findall(r'<span class="chip [^"]*">([^<]+)</span>', page)[:4] == [
        "writes now",
        "ready",
        "weights deleted",
        "live",
    ]
    assert "after ana@v2" in page
    assert "32.2 MB" in page


def test_empty_desk_says_what_to_do(ask: Ask, desk: StandInDesk) -> None:
    """Where nothing was made yet, the page says how the first one comes about."""
    desk.shelves, desk.ran = {}, {}
    desk.next_run = StandInOutlook(why="It waits for your first adapter: cyrano train")
    page = ask("/console/adapters").text
    for words in ("The base model writes your drafts.", "cyrano train", "It waits for your first adapter", "Train now"):
        assert words in page
    assert "Go back" not in page


@pytest.mark.parametrize("state", [RunState.REJECTED, RunState.FAILED, RunState.INTERRUPTED, RunState.WAITING])
def test_bad_end_is_told_with_what_to_do(ask: Ask, desk: StandInDesk, state: RunState) -> None:
    """A run that ended badly says why, what to do, and that the one before goes on writing."""
    desk.ran["ana"].insert(0, run(state, reason="Memory ran out.", hint="Take a smaller adapter: cyrano plan"))
    page = ask("/console/adapters/now").text
    alert = page[page.index('class="alert') :]
    for words in (RUN_STATES[state], "Memory ran out.", "cyrano plan", "ana@v3 goes on writing."):
        assert words in alert


@pytest.mark.parametrize("state", [RunState.LIVE, RunState.SKIPPED])
def test_good_end_alarms_nobody(ask: Ask, desk: StandInDesk, state: RunState) -> None:
    """A run that ended as it should is in the list, and raises no alarm."""
    desk.ran["ana"].insert(0, run(state, reason="All went well."))
    assert "alert" not in ask("/console/adapters/now").text
    assert "All went well." in ask("/console/adapters").text


def test_run_under_way_shows_its_stage_and_how_far_it_is(ask: Ask, desk: StandInDesk) -> None:
    """Stages that are over are marked, the one under way has a bar, and it cannot be asked for twice."""
    desk.ran["ana"].insert(0, run(RunState.RUNNING, stage="train", done=132, total=420, seconds={"sync": 2.0}))
    page = ask("/console/adapters/now").text
    assert re.search(r'aria-current="step">\s*<span>Learning</span>', page)
    assert page.count('class="done"') == 3
    assert '<progress id="run-progress" max="420" value="132">' in page
    assert "Learning: 132 of 420" in page
    assert "Train now" not in page
    assert "every 2s" in page


def test_unknown_stage_of_the_trainer_is_shown_as_it_is(ask: Ask, desk: StandInDesk) -> None:
    """The trainer says more stages than the service knows: none of them breaks the page."""
    desk.ran["ana"].insert(0, run(RunState.RUNNING, stage="quantise", seconds={}))
    assert "Quantise" in ask("/console/adapters/now").text


def test_next_run_is_said_with_its_reason(ask: Ask, desk: StandInDesk) -> None:
    """When the next run begins, and why, always stands there."""
    desk.next_run = StandInOutlook(next_at=NOON + timedelta(hours=10))
    assert '<time datetime="2026-11-21T22:00:00+00:00">' in ask("/console/adapters/now").text
    desk.next_run = StandInOutlook(is_due=True, why="30 new mails.")
    assert "as soon as it can" in ask("/console/adapters").text
    assert "30 new mails." in ask("/console/adapters/now").text


def test_page_that_looks_again_is_told_what_is_new(ask: Ask, desk: StandInDesk) -> None:
    """Nothing is said aloud while nothing changes; a stage is said once; an end has the page read anew."""
    going = run(RunState.RUNNING, stage="train")
    desk.ran["ana"].insert(0, going)
    known = {"writer": "ana@v3", "run": f"{going.run_id} running train"}
    assert events(ask(look(known))) == {}
    desk.ran["ana"][0] = replace(going, stage="evaluate")
    assert events(ask(look(known))) == {"say": {"words": "Judging."}}
    desk.ran["ana"][0] = replace(going, state=RunState.REJECTED, reason="Worse.", hint="Wait.")
    assert events(ask(look(known))) == {"say": {"words": "The run has ended: rejected. Worse. Wait."}, "changed": {}}
    desk.roll_back("ana", "ana@v2")
    assert events(ask(look({"writer": "ana@v3", "run": ""}))) == {
        "say": {"words": "ana@v2 writes your drafts now."},
        "changed": {},
    }


def look(known: dict[str, str]) -> str:
    """The address of a page that looks again."""
    return f"/console/adapters/now?writer={known['writer']}&run={known['run']}"


def test_adapter_shows_how_it_was_judged(ask: Ask) -> None:
    """Reason, checks, measures with their spans, curves, losses by author, and where it came from."""
    page = ask("/console/adapters/3").text
    for words in (
        "It writes better than ana@v2 on 34 new mails",
        "34 mails judged; 6 are needed.",
        "None of 8 planted secrets can be got out.",
        "nats per byte, lower is better",
        "\N{MINUS SIGN}0.042 to \N{MINUS SIGN}0.010",
        "In service before it",
        "Qwen/Qwen3-4B-Instruct",
    ):
        assert words in page
    assert page.count('class="passed"') == 5
    assert page.count("<svg") == 5 + 2
    assert page.count('role="img" aria-label=') == 2
    assert "<td>0.744</td>" in page


def test_rejected_adapter_shows_what_it_failed(ask: Ask, desk: StandInDesk) -> None:
    """The check that was not passed is marked in word and sign, and going to it is not offered."""
    reason = evaluation(4, is_approved=False).reason
    desk.shelves["ana"].insert(0, shelved(4, Standing.REJECTED, card=card(4, is_approved=False, verdict=reason)))
    desk.evaluations["ana@v4"] = evaluation(4, is_approved=False)
    page = ask("/console/adapters/4").text
    failed = re.findall(r'<li class="failed">(.*?)</li>', page, flags=re.DOTALL)
    assert len(failed) == 1
    assert "Not passed" in failed[0]
    assert "Loss 0.611" in failed[0]
    assert "/console/rollback" not in page
    assert reason in ask("/console/adapters").text


def test_adapter_judged_before_evaluations_were_kept_shows_its_card(ask: Ask) -> None:
    """Where there is no evaluation the card's verdict and losses are shown."""
    page = ask("/console/adapters/2").text
    assert "Loss 0.512 against 0.547 of the base model." in page
    assert "<td>0.744</td>" in page
    assert "The gate" not in page


def test_evaluation_that_cannot_be_read_leaves_the_rest(ask: Ask, desk: StandInDesk) -> None:
    """A broken file is told in words, and what else is known is shown."""
    desk.evaluations["ana@v3"] = StoreError(
        "The evaluation cannot be read.", hint="Evaluate it again: cyrano evaluate."
    )
    page = ask("/console/adapters/3").text
    assert "The evaluation cannot be read. Evaluate it again" in page
    assert "Qwen/Qwen3-4B-Instruct" in page


def test_earlier_adapter_offers_to_go_back_and_asks_first(ask: Ask) -> None:
    """One that may write and is older offers it, with a question; the one that writes, and one without weights, not."""
    page = ask("/console/adapters/2").text
    assert "hx-confirm=" in page
    assert 'data-title="Go back to ana@v2?"' in page
    assert "Go back to" not in ask("/console/adapters/3").text
    assert "Go back to" not in ask("/console/adapters/1").text


def test_newer_adapter_is_none_to_go_back_to(ask: Ask, desk: StandInDesk) -> None:
    """One that has passed and is about to write comes by itself."""
    desk.shelves["ana"].insert(0, shelved(4, Standing.READY))
    assert "Go back to" not in ask("/console/adapters/4").text


def test_going_back_withdraws_what_is_newer(ask: Ask, desk: StandInDesk) -> None:
    """The button does it, says what happens and has the page read anew; the page then says what was done."""
    response = ask("/console/rollback", {"to": "ana@v2"})
    assert events(response) == {"say": {"words": "Going back: ana@v2 takes over within seconds."}, "changed": {}}
    page = ask("/console/adapters").text
    assert "ana@v2 writes your drafts." in page
    assert "You went back from ana@v3." in page
    assert "Rolled back to ana@v2" in page
    assert "Go back to ana@v3" in ask("/console/adapters/3").text
    ask("/console/rollback", {"to": "base"})
    assert "The base model writes your drafts." in ask("/console/adapters").text
    assert desk.shelves["ana"][1].standing is Standing.WITHDRAWN


def test_going_back_to_nowhere_is_refused_in_words(ask: Ask) -> None:
    """An adapter that is not there is a problem with a hint, as everywhere."""
    response = ask("/console/rollback", {"to": "ana@v9"})
    assert response.status_code == 400
    assert response.json["hint"] == "See: cyrano adapters"


def test_training_now_is_asked_for(ask: Ask, desk: StandInDesk) -> None:
    """The button asks for a run, and the page that is read anew shows it."""
    assert "changed" in events(ask("/console/train", {}))
    assert desk.ran["ana"][0].state is RunState.RUNNING
    assert "A new adapter is in the making." in ask("/console/adapters/now").text


def test_report_opens_without_a_token_for_whoever_has_its_ticket(ask: Ask, client: FlaskClient) -> None:
    """The token buys an address for one report; it has styles of its own, runs nothing, and may not be framed."""
    address = ask("/console/adapters/3/report/report.html", {}).headers["HX-Redirect"]
    report = client.get(address, base_url=BASE)
    assert report.text == "<title>How it learned</title>"
    policy = report.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "sandbox", "frame-ancestors 'none'"):
        assert rule in policy
    assert "script" not in policy
    assert report.headers["Cache-Control"] == "no-store"
    assert client.get(address[:-4] + "AAA=", base_url=BASE).status_code == 401


def test_ticket_opens_the_report_it_was_given_for(ask: Ask, desk: StandInDesk, client: FlaskClient) -> None:
    """Each account, version and name has a ticket of its own."""
    desk.pages["bob@v7", "evaluation.html"] = b"Bob's"
    for account, version, name in (("ana", 3, "report.html"), ("bob", 7, "evaluation.html")):
        address = ask(f"/console/adapters/{version}/report/{name}", {}, account=account).headers["HX-Redirect"]
        report = client.get(address, base_url=BASE)
        assert report.data == desk.pages[f"{account}@v{version}", name]


def test_report_that_is_not_there_gets_no_ticket(ask: Ask) -> None:
    """A name that is none of an adapter's reports is refused, wherever it points."""
    for name in ("evaluation.html", "card.json", "..%2f..%2fcard.json"):
        assert ask(f"/console/adapters/3/report/{name}", {}).status_code in {400, 404}
    assert ask("/console/adapters/9").status_code == 400
