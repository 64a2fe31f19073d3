"""Hours of the day as they stand in the configuration: "22:00-07:00", in this machine's time. Pure."""

import re
from datetime import time
from typing import Annotated

from pydantic import AfterValidator

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


def _check(text: str) -> str:
    if text and not _HOURS.fullmatch(text):
        raise ValueError('hours look like "22:00-07:00"')
    return text


Hours = Annotated[str, AfterValidator(_check)]


def is_within(hours: str, now: time) -> bool:
    """Tell whether a time of day is within some hours, which may go over midnight; within none, where "" is given."""
    found = _HOURS.fullmatch(hours)
    if not found:
        return False
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    return start <= now < end if start <= end else now >= start or now < end
