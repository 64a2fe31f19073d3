"""An engine that went away is waited for, but not for ever."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from connectors.errors import EngineDown, EngineError
from connectors.llm import Sampling
from trainer.data.patience import PatientWriter, Unanswered

CHAT = ({"role": "user", "content": "?"},)


class Engine:
    """Answers, or is away, as it is told at each question."""

    def __init__(self, is_away: Callable[[], bool], *, retry_after_s: int = 0) -> None:
        self.is_away, self.retry_after_s = is_away, retry_after_s
        self.asked = 0

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Answer with the model's name."""
        assert (len(messages), sampling.seed) == (1, 7)
        self.asked += 1
        if self.is_away():
            raise EngineDown("gone", retry_after_s=self.retry_after_s)
        return model


def ask(writer: PatientWriter) -> str:
    """Ask once."""
    return writer.complete("tiny", CHAT, Sampling(seed=7))


def test_an_engine_that_comes_back_answers() -> None:
    """The question is asked again until there is an answer, and meanwhile it shows that it waits."""
    waits: list[bool] = []
    engine = Engine(lambda: engine.asked < 4)
    writer = PatientWriter(engine, patience_s=60)
    engine.is_away = lambda: waits.append(writer.is_waiting) or engine.asked < 4  # type: ignore[func-returns-value]
    assert ask(writer) == "tiny"
    assert waits == [False, True, True, True]
    assert not writer.is_waiting


def test_an_engine_that_stays_away_is_down() -> None:
    """After so long without any answer the error is the engine's own."""
    writer = PatientWriter(Engine(lambda: True), patience_s=0.05)
    began = time.monotonic()
    with pytest.raises(EngineDown, match="gone"):
        ask(writer)
    assert 0.05 <= time.monotonic() - began < 1


def test_a_question_that_brings_the_engine_down_is_given_up() -> None:
    """While others get their answers, one that never does costs only itself."""
    poisoned = threading.local()
    writer = PatientWriter(Engine(lambda: getattr(poisoned, "here", False)), patience_s=0.1)
    over = threading.Event()

    def others() -> None:
        while not over.is_set():
            ask(writer)
            time.sleep(0.005)

    healthy = threading.Thread(target=others)
    healthy.start()
    poisoned.here = True
    try:
        with pytest.raises(Unanswered):
            ask(writer)
    finally:
        over.set()
        healthy.join()


def test_who_leaves_is_not_kept_waiting() -> None:
    """A question that waits for the engine ends when the caller leaves, without being asked again."""
    engine = Engine(lambda: True, retry_after_s=60)
    writer = PatientWriter(engine, patience_s=600)
    threading.Timer(0.05, writer.leave).start()
    with pytest.raises(EngineDown):
        ask(writer)
    assert engine.asked == 1


def test_other_errors_are_not_waited_for() -> None:
    """What asking again cannot mend is raised at once."""

    class Refuses:
        def complete(self, *_: object) -> str:
            raise EngineError("no")

    with pytest.raises(EngineError, match="no"):
        ask(PatientWriter(Refuses(), patience_s=60))
