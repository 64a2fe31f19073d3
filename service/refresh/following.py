"""Following a run that another process carries out, with a bar for each stage."""

import threading
from collections.abc import Callable

from connectors.errors import EngineDown, TrainError
from service.progress import OnProgress
from service.refresh.runs import OPEN, RunRecord, Runs, RunState

POLL_S = 0.3
ASK_EVERY = 100


def follow(
    runs: Runs,
    asked: RunRecord,
    start_bar: Callable[[str], OnProgress],
    *,
    is_kept: Callable[[], bool],
    ask_every: int = ASK_EVERY,
    poll_s: float = POLL_S,
) -> RunRecord:
    """Show how far a run is until it has ended, and return it.

    Args:
        runs: Where it stands.
        asked: The run, as it was asked for. It may turn into one that was broken off before and goes on.
        start_bar: Opens a bar under a title.
        is_kept: Tells whether somebody is there who carries runs out.
        ask_every: So many looks lie between two at that.
        poll_s: Seconds between two looks.

    Raises:
        EngineDown: nobody carries runs out any more.
        TrainError: its account was removed.
    """
    bars: dict[str, OnProgress] = {}
    ticks, looks = threading.Event(), 0
    shown: tuple[str, int, int | None] | None = None
    while True:
        run = runs.get(asked.run_id) or runs.newest(asked.account)
        if run is None:
            raise TrainError("The run is gone.", hint="Its account was removed meanwhile.")
        if run.state not in OPEN:
            return run
        now = (_title(run), run.done, run.total or None)
        if now[0] not in bars:
            bars[now[0]] = start_bar(now[0])
        if now != shown:  # where nobody sees bars, each word is a line
            bars[now[0]](*now[1:])
            shown = now
        looks += 1
        if looks % ask_every == 0 and not is_kept():
            raise EngineDown("Cyrano stopped; the run goes on when it is started again.", hint="Start it: cyrano up")
        ticks.wait(poll_s)


def _title(run: RunRecord) -> str:
    return run.stage if run.state is RunState.RUNNING and run.stage else "waiting for its turn"
