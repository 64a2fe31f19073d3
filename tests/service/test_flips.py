"""The measure by which flips are judged tells a dropped draft and a wrong writer from a good draft."""

import json

import pytest

from tests.bench.flips import Answer, Outcome, last_event, p95, sentence


def _answer(adapter: str = "me@v2", text: str = sentence(2), error: str = "", seconds: float = 1.0) -> Answer:
    return Answer(began=0, seconds=seconds, adapter=adapter, text=text, error=error)


@pytest.mark.parametrize(
    "answer",
    [_answer(text=sentence(3)), _answer(adapter="me@v3"), _answer(adapter=""), _answer(text=sentence(2)[:-1])],
)
def test_a_wrong_writer_is_seen(answer: Answer) -> None:
    """Another version's words, another name, the base model, half a sentence."""
    outcome = Outcome(still=[_answer()], flipping=[_answer(), answer], flips=[])
    assert outcome.misattributed == [answer]
    assert outcome.dropped == []


def test_a_dropped_draft_is_seen() -> None:
    """An error, and a stream that did not come to its end."""
    dropped = _answer(adapter="", text="", error="404: no such model")
    assert Outcome(still=[], flipping=[dropped, _answer()], flips=[]).dropped == [dropped]
    done = f"event: meta\ndata: {{}}\n\nevent: done\ndata: {json.dumps({'draft_id': 'x'})}\n\n"
    assert last_event(done) == {"draft_id": "x"}
    assert last_event("event: meta\ndata: {}\n\nevent: error\ndata: {}\n\n") == {}


def test_times_are_compared_by_their_95th_percentile() -> None:
    """One slow draft among a hundred is not what is asked about."""
    steady = [_answer(seconds=1.0) for _ in range(99)]
    assert p95([*steady, _answer(seconds=60.0)]) == 1.0
    slow = Outcome(still=steady, flipping=[_answer(seconds=2.0)] * 9, flips=[])
    assert slow.ratio == 2.0
