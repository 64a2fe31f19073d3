"""What came before is known again, as long as its tokens live, and however many ask at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.addon.replays import Replays
from service.addon.tokens import Refused


class Clock:
    """Seconds, as the test wants them."""

    now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


def test_same_request_is_refused_until_its_tokens_end() -> None:
    """After that the tokens themselves are refused, and nothing is kept for ever."""
    clock = Clock()
    replays = Replays(clock=clock)
    replays.check(b"a", b"b", until=100)
    with pytest.raises(Refused):
        replays.check(b"a", b"b", until=100)
    clock.now = 101
    replays.check(b"c", until=200)
    assert len(replays._seen) == 1


def test_parts_are_told_apart() -> None:
    """No request passes for another by its parts running together."""
    replays = Replays(clock=Clock())
    replays.check(b"ab", b"c", until=9)
    replays.check(b"a", b"bc", until=9)
    replays.check(b"abc", until=9)


def test_of_many_at_once_one_passes() -> None:
    """A race does not let a copy through."""
    replays = Replays(clock=Clock())

    def passes(_: int) -> bool:
        try:
            replays.check(b"same", until=9)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(passes, range(200))) == 1
