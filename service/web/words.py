"""Numbers, times and states in words for people; pure."""

import math
from datetime import UTC, datetime

from markupsafe import Markup, escape

from connectors.evaluation import Interval
from service.desk import Standing
from service.refresh.runs import RunState, Stage

STAGES = {
    Stage.SYNC: "Bringing in mail",
    Stage.PLAYBACK: "Writing instructions",
    Stage.EXAMPLES: "Making examples",
    Stage.TRAIN: "Learning",
    Stage.EVALUATE: "Judging",
    Stage.PUBLISH: "Publishing",
    Stage.MERGE: "Merging",
    Stage.FLIP: "Going live",
}
RUN_STATES = {
    RunState.ASKED: "waiting to begin",
    RunState.RUNNING: "under way",
    RunState.LIVE: "live",
    RunState.WAITING: "passed, not live yet",
    RunState.REJECTED: "rejected",
    RunState.SKIPPED: "nothing to do",
    RunState.FAILED: "failed",
    RunState.INTERRUPTED: "interrupted",
}
STANDINGS = {
    Standing.SERVING: "writes now",
    Standing.READY: "ready",
    Standing.REJECTED: "rejected",
    Standing.WITHDRAWN: "rolled back",
    Standing.KEPT: "weights deleted",
}
TONES = {
    RunState.RUNNING: "busy",
    RunState.ASKED: "busy",
    RunState.LIVE: "good",
    RunState.WAITING: "warn",
    RunState.REJECTED: "warn",
    RunState.FAILED: "bad",
    RunState.INTERRUPTED: "bad",
    Standing.SERVING: "good",
    Standing.REJECTED: "warn",
    Standing.WITHDRAWN: "warn",
}
"""How a state is coloured, beside being said in words; plain where it is not among them."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_KIB = 1024
_SMALL = 1e-3


def stage(name: str) -> str:
    """Say what a run is doing; the trainer has stages of its own."""
    return STAGES.get(Stage(name), name) if name in set(Stage) else name.capitalize()


def duration(seconds: float) -> str:
    """Say how long something takes: "0.4 s", "12 s", "3 min 5 s", "2 h 4 min"."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def size(number: int) -> str:
    """Say how many bytes: "812 bytes", "4.2 MB"."""
    value = float(number)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < _KIB or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004
        value /= _KIB
    raise AssertionError


def number(value: float) -> str:
    """Say a measured number with the digits it deserves."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def decimals(*values: float) -> int:
    """Return with how many decimals numbers that belong together are said."""
    most = max(map(abs, values), default=0.0)
    if not most or not math.isfinite(most):
        return 0
    wanted = 2 - math.floor(math.log10(most))
    return max(0, min(wanted, 3 if most >= _SMALL else 5))


def fixed(value: float, places: int) -> str:
    """Say a number with so many decimals, and a minus that cannot be taken for a dash."""
    return f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")


def interval(found: Interval) -> Markup:
    """Return a value with the span it lies in."""
    places = decimals(found.value, found.low, found.high)
    value, low, high = (fixed(each, places) for each in (found.value, found.low, found.high))
    return Markup('{} <span class="small">{} to {}</span>').format(value, low, high)


def day(value: datetime) -> Markup:
    """Return a day, as `moment` does a time."""
    at = value.astimezone(UTC)
    return Markup('<time data-day datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), f"{at:%d %b %Y}")


def moment(value: datetime | str | None) -> Markup:
    """Return a time that the page turns into its reader's own; times on cards are text."""
    at = _parse(value) if isinstance(value, str) else value
    if at is None:
        return escape(value or "at no known time")
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), f"{at:%d %b %Y, %H:%M} UTC")


def plural(count: int, one: str, many: str = "") -> str:
    """Say how many of something there are."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _parse(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def capitalize_first(text: str) -> str:
    """Begin a sentence; the rest stays as it is, names and addresses in it too."""
    return text[:1].upper() + text[1:]


FILTERS = {
    "capitalize_first": capitalize_first,
    "stage": stage,
    "duration": duration,
    "size": size,
    "number": number,
    "interval": interval,
    "day": day,
    "moment": moment,
    "plural": plural,
    "run_state": RUN_STATES.__getitem__,
    "standing": STANDINGS.__getitem__,
    "tone": lambda state: TONES.get(state, "plain"),
}
