"""Many questions to a slow answerer, so many of them at a time.

The rules this module keeps:
1. `width` questions are under way, and as many wait, so that none who answers stands idle while answers are put away.
   No further one is taken before an answer was: memory does not grow with their number.
2. A question that fails ends it all with its error, at once.
3. Who leaves early waits for nothing: what waits is dropped, and what is under way dies with the process.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


class _End:
    """Stands in the queue for "no more"."""


def answers(
    ask: Callable[[Question], Answer], questions: Iterable[Question], *, width: int, tick_s: float
) -> Generator[Answer | None, None, None]:
    """Yield answers as they come, in any order, and None when none came for `tick_s` seconds.

    `questions` is read in the caller's thread; `ask` runs in threads of its own, `width` of them at most.
    """
    desk: _Desk[Question, Answer] = _Desk(ask)
    unasked = iter(questions)
    open_questions = 0
    try:
        while True:
            for question in islice(unasked, 2 * width - open_questions):
                open_questions += 1
                desk.put(question, threads=min(open_questions, width))
            if not open_questions:
                return
            answer = desk.take(tick_s)
            open_questions -= answer is not None
            yield answer
    finally:
        desk.leave()


class _Desk(Generic[Question, Answer]):
    """The queues between the caller and the threads that ask."""

    def __init__(self, ask: Callable[[Question], Answer]) -> None:
        self._ask = ask
        self._waiting: SimpleQueue[Question | _End] = SimpleQueue()
        self._answered: SimpleQueue[Answer | _Failure] = SimpleQueue()
        self._threads = 0

    def put(self, question: Question, *, threads: int) -> None:
        """Let a question wait its turn; see that there are so many threads."""
        self._waiting.put(question)
        while self._threads < threads:
            self._threads += 1
            # A daemon: neither Ctrl-C nor an error waits for an answer that nobody will read.
            threading.Thread(target=self._work, name="playback", daemon=True).start()

    def take(self, timeout_s: float) -> Answer | None:
        """Return an answer, or None where none comes in time; raise what a question failed with."""
        try:
            answer = self._answered.get(timeout=timeout_s)
        except Empty:
            return None
        if isinstance(answer, _Failure):
            raise answer.error
        return answer

    def leave(self) -> None:
        """Drop what waits, and let each thread end with the question it is at."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        for _ in range(self._threads):
            self._waiting.put(_End())

    def _work(self) -> None:
        while not isinstance(question := self._waiting.get(), _End):
            try:
                self._answered.put(self._ask(question))
            except BaseException as error:  # noqa: BLE001  raised again where the answers are read
                self._answered.put(_Failure(error))
