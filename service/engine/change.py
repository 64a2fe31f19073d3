"""Having the engine serve another model: behind a drain, and back to the one before if it does not come up."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from connectors.errors import EngineDown, EngineError
from service.engine.order import Order, Served, read_order, write_order
from service.engine.record import is_kept, read_record, write_record
from service.engine.rest import resting

POLL_S = 0.2


def change(
    home: Path,
    wanted: Served,
    name: str,
    *,
    drain_s: float,
    timeout_s: float,
    swap: Callable[[], bool] | None = None,
    answers_as: Callable[[], str] = lambda: "",
) -> None:
    """Have another model served; return when it answers.

    Args:
        home: Whose engine it is.
        wanted: The model.
        name: What the engine will call it.
        drain_s: How long drafts under way may take before.
        timeout_s: How long the start may take.
        swap: Exchanges the weights of the engine as it runs, and tells whether that worked; where it did not, the
            engine is started anew, as without it.
        answers_as: Returns what the engine calls what it serves, as it says itself; "" where it does not say.

    Raises:
        EngineError: it did not come up; what was served before is served again.
        EngineDown: it could not be tried, or nobody can tell yet how it went.
    """
    if not is_kept(home):
        raise EngineDown("No process keeps the engine.", hint="Start it: cyrano engine, or cyrano up.")
    last = read_order(home)
    if last.served != wanted or not last.is_proven or answers_as() not in {"", name}:
        if swap is not None and last.is_proven and _is_swapped(home, last, wanted, name, swap=swap, drain_s=drain_s):
            return
        with resting(home, f"while it changes to {name}", "stop", drain_s=drain_s, is_there=lambda: is_kept(home)):
            write_order(home, last.followed_by(wanted))
    _wait(home, wanted, name, timeout_s)
    if (said := answers_as()) not in {"", name}:
        raise EngineError(f"{name} is not served: the engine answers as {said}.", hint="Try it again.")


def _is_swapped(
    home: Path, last: Order, wanted: Served, name: str, *, swap: Callable[[], bool], drain_s: float
) -> bool:
    """Exchange the weights; then it is what is served, also after a start.

    The order stands before: should nothing more be written after, for a full disk, it is known that weights were
    exchanged, and a start sees which.
    """
    with resting(home, f"while it changes to {name}", "stay", drain_s=drain_s, is_there=lambda: is_kept(home)):
        record = read_record(home)
        if record is None:
            return False
        write_order(home, last.followed_by(wanted))
        if not swap():
            write_order(home, last)
            return False
        write_order(home, Order(served=wanted))
        write_record(home, replace(record, model=name))
    return True


def _wait(home: Path, wanted: Served, name: str, timeout_s: float) -> None:
    """Wait until what was ordered is served, or what was before is again."""
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at:
        order, record = read_order(home), read_record(home)
        if record is not None and order.is_proven:
            if order.served == wanted and record.model == name:
                return
            if order.refused == wanted:
                raise EngineError(f"{name} could not be served: {order.error}", hint=order.hint)
            if order.served != wanted:
                raise EngineError(f"{name} is not served: another change came between.", hint="Try it again.")
        time.sleep(POLL_S)
    raise EngineDown(f"{name} does not answer within {timeout_s:.0f} s.", hint="logs/engine.log says more.")
