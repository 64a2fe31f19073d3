"""The question for room: said in a line, answered in a line, refused in words."""

import io
import json
from collections.abc import Callable

import pytest

from connectors.errors import TrainError
from connectors.pipe import Room
from trainer.asking import Asking
from trainer.progress import Progress

ROOM = Room(needs=7, free=5, device="cuda", advice=("batch_size = 1",))


def ask(hear: Callable[[], str] | None) -> list[dict[str, object]]:
    """Ask for room; return what was said."""
    stream = io.StringIO()
    Asking(Progress(stream, hear)).room(ROOM)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_question_is_a_line_and_go_is_go() -> None:
    """Whoever listens gets the numbers; the run goes on when they say so."""
    said = ask(lambda: '{"go": true}')
    assert said == [{"asks": "room", "needs": 7, "free": 5, "device": "cuda", "advice": ["batch_size = 1"]}]


def test_a_refusal_is_told_in_the_words_of_whoever_refused() -> None:
    """Reason and hint reach the person."""
    with pytest.raises(TrainError, match="The engine does not rest") as caught:
        ask(lambda: '{"go": false, "why": "The engine does not rest.", "hint": "Stop it."}')
    assert caught.value.hint == "Stop it."


def test_without_anybody_to_ask_nothing_is_said() -> None:
    """A trainer that was started by hand does not wait for an answer that never comes."""
    assert ask(None) == []


@pytest.mark.parametrize("nonsense", ["", "yes", "{}", '{"go": "perhaps"}'])
def test_nonsense_is_no_go(nonsense: str) -> None:
    """Memory is not taken because somebody babbled."""
    with pytest.raises(TrainError, match="not known"):
        ask(lambda: nonsense)
