"""Adapters that the engine did not take, and when each is tried again.

The rules:
1. What failed is not tried with every draft: a refusal holds for `FIRST_S`, then for twice as long, up to a day.
2. It ends at once when the adapter's folder changed, for somebody may have mended it.
3. It ends when the engine was started anew, unless the adapter is what the engine died of: one death may be an
   accident, and the adapter is tried again as soon as the engine is back; after the second it counts as the cause.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FIRST_S = 600.0
LONGEST_S = 86_400.0
DEATHS = 2

State = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    why: str
    folder: State
    until: float
    is_deadly: bool


class Refusals:
    """What the engine did not take. Threads may share it: none goes through what another may be changing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: dict[str, _Refusal] = {}
        self._times: dict[str, int] = {}
        self._deaths: dict[str, int] = {}

    def why(self, name: str, folder: Path) -> str:
        """Return why an adapter is not to be tried now; "" where it is."""
        refusal = self._refused.get(name)
        if refusal is None or self._clock() >= refusal.until or refusal.folder != _state(folder):
            return ""
        return refusal.why

    def note(self, name: str, folder: Path, why: str, *, is_deadly: bool = False) -> None:
        """Refuse an adapter for a while."""
        self._times[name] = self._times.get(name, 0) + 1
        wait_s = min(LONGEST_S, FIRST_S * 2 ** (self._times[name] - 1))
        until = self._clock() + wait_s
        self._refused[name] = _Refusal(why=why, folder=_state(folder), until=until, is_deadly=is_deadly)

    def note_death(self, name: str, folder: Path) -> None:
        """Note that the engine ended while it loaded an adapter."""
        self._deaths[name] = self._deaths.get(name, 0) + 1
        if self._deaths[name] >= DEATHS:
            times = f"{self._deaths[name]} times"
            why = (
                f"The engine stopped answering {times} while it loaded this adapter. See logs/engine.log; train again."
            )
            self.note(name, folder, why, is_deadly=True)

    def engine_is_new(self) -> None:
        """The engine was started anew: what it merely refused may work now."""
        self._refused = {name: refusal for name, refusal in self._refused.copy().items() if refusal.is_deadly}

    def forget(self, name: str) -> None:
        """It works."""
        for known in (self._refused, self._times, self._deaths):
            known.pop(name, None)


def _state(folder: Path) -> State:
    """Return what tells whether a folder changed."""
    try:
        files = sorted((path.name, path.stat()) for path in folder.iterdir())
    except OSError:
        return ()
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in files)
